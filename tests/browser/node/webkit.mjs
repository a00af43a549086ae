// Drives WebKitGTK, as packaged by Debian, with Selenium and WebDriver. Each context is a separate
// browser, on a virtual display. Contexts and pages have those of Playwright's methods that the
// tests for other browsers call.
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";

import selenium from "selenium-webdriver";

import { Looking, obey } from "./lines.mjs";

const { Builder, By, Capabilities, Key, until } = selenium;
const [driverPath, browserPath] = process.argv.slice(2);
const PATIENCE = 30_000;

const screen = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"], {
  stdio: ["ignore", "ignore", "ignore", "pipe"],
});
const display = await new Promise((found, failed) => {
  screen.stdio[3].once("data", (number) => found(`:${String(number).trim()}`));
  screen.once("error", failed);
  screen.once("exit", () => failed(new Error("Xvfb has ended")));
});

const freePort = () =>
  new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

const KEYS = {
  ArrowLeft: Key.ARROW_LEFT,
  ArrowRight: Key.ARROW_RIGHT,
  ArrowUp: Key.ARROW_UP,
  ArrowDown: Key.ARROW_DOWN,
  Backspace: Key.BACK_SPACE,
  Control: Key.CONTROL,
  Delete: Key.DELETE,
  End: Key.END,
  Enter: Key.ENTER,
  Escape: Key.ESCAPE,
  Home: Key.HOME,
  Shift: Key.SHIFT,
  Tab: Key.TAB,
};

/** A script for each document, because WebDriver does not report a page's complaints. */
const LISTEN = `
  if (window.complaints !== undefined) return;
  window.complaints = [];
  addEventListener("error", (event) => complaints.push(event.message));
  addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
  addEventListener("securitypolicyviolation", (event) => complaints.push(event.violatedDirective));
  for (const kind of ["error", "warn"]) {
    const say = console[kind];
    console[kind] = (...words) => { complaints.push(words.join(" ")); say(...words); };
  }`;

function isExpression(code) {
  try {
    new Function(`return (${code}\n)`);
    return true;
  } catch {
    return false;
  }
}

class Page extends Looking {
  constructor(driver) {
    super();
    this.driver = driver;
    const act = () => driver.actions({ async: false });
    this.keyboard = {
      type: (text) => act().sendKeys(text).perform(),
      press: (combination) => {
        const keys = combination.split("+").map((key) => KEYS[key] ?? key);
        const acts = act();
        for (const key of keys) acts.keyDown(key);
        for (const key of keys.reverse()) acts.keyUp(key);
        return acts.perform();
      },
    };
    this.mouse = { move: (x, y) => act().move({ x: Math.round(x), y: Math.round(y) }).perform() };
  }

  async goto(url) {
    await this.driver.get(url);
    await this.driver.executeScript(LISTEN);
  }

  async reload() {
    await this.driver.navigate().refresh();
    await this.driver.executeScript(LISTEN);
  }

  /**
   * Returns the awaited value of an expression. Statements have no value. The page does not allow
   * `eval`.
   */
  async evaluate(code) {
    const [value, error] = await this.driver.executeAsyncScript(
      `const done = arguments[0];
       (async () => { ${isExpression(code) ? `return (${code}\n)` : code} })()
         .then((value) => done([value ?? null, null]), (error) => done([null, String(error)]));`,
    );
    if (error !== null) throw new Error(error);
    return value;
  }

  async seen(selector) {
    const element = await this.driver.wait(until.elementLocated(By.css(selector)), PATIENCE);
    await this.driver.wait(until.elementIsVisible(element), PATIENCE, `${selector} is not seen`);
    return element;
  }

  waitForSelector(selector) {
    return this.seen(selector).then(() => undefined);
  }

  async click(selector, { modifiers = [] } = {}) {
    const element = await this.seen(selector);
    const acts = this.driver.actions();
    for (const key of modifiers) acts.keyDown(KEYS[key]);
    if (modifiers.length === 0) return element.click();
    acts.click(element);
    for (const key of modifiers) acts.keyUp(KEYS[key]);
    await acts.perform();
  }

  async fill(selector, text) {
    const element = await this.seen(selector);
    await element.clear();
    await element.sendKeys(text);
  }

  async focus(selector) {
    await this.driver.executeScript("arguments[0].focus()", await this.seen(selector));
  }

  async selectOption(selector, value) {
    await this.driver.executeScript(
      `arguments[0].value = arguments[1];
       arguments[0].dispatchEvent(new Event("change", { bubbles: true }));`,
      await this.seen(selector),
      value,
    );
  }

  async setInputFiles(selector, path) {
    const element = await this.driver.findElement(By.css(selector));
    await element.sendKeys(path);
  }

  async screenshot({ path }) {
    await writeFile(path, await this.driver.takeScreenshot(), "base64");
  }

  async complain() {
    this.found.push(...(await this.driver.executeScript("return (window.complaints ?? []).splice(0)")));
  }
}

const contexts = new Set();

class Context {
  static async open({ viewport }) {
    const context = new Context();
    const port = await freePort();
    context.server = spawn(driverPath, [`--port=${port}`], {
      stdio: "ignore",
      env: { ...process.env, DISPLAY: display, GDK_BACKEND: "x11", WAYLAND_DISPLAY: "" },
    });
    contexts.add(context);
    const capabilities = new Capabilities({
      browserName: "MiniBrowser",
      "webkitgtk:browserOptions": { binary: browserPath, args: ["--automation"] },
    });
    for (let tries = 100; ; tries -= 1) {
      try {
        context.driver = await new Builder()
          .usingServer(`http://127.0.0.1:${port}`)
          .withCapabilities(capabilities)
          .build();
        break;
      } catch (error) {
        if (tries === 0 || !String(error).includes("ECONNREFUSED")) throw error;
        await new Promise((later) => setTimeout(later, 100)); // until it listens
      }
    }
    // The window is larger than the page by its frame, so the difference is added.
    const window = context.driver.manage().window();
    await window.setRect({ x: 0, y: 0, ...viewport });
    const [width, height] = await context.driver.executeScript("return [innerWidth, innerHeight]");
    await window.setRect({
      x: 0,
      y: 0,
      width: 2 * viewport.width - width,
      height: 2 * viewport.height - height,
    });
    return context;
  }

  async newPage() {
    return new Page(this.driver);
  }

  async close() {
    contexts.delete(this);
    await this.driver?.quit();
    this.server.kill();
  }
}

async function close() {
  await Promise.all([...contexts].map((context) => context.close()));
  screen.kill();
}

obey(
  { newContext: (options) => Context.open(options), close },
  { listen: (page, found) => (page.found = found) },
);
