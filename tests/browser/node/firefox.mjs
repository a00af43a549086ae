// Drives an unmodified Firefox, as released or packaged by Debian, with Puppeteer and WebDriver
// BiDi. (Playwright's Firefox is modified.) Contexts and pages have those of Playwright's methods
// that the tests for other browsers call.
import puppeteer from "puppeteer-core";

import { listen, Looking, obey } from "./lines.mjs";

const [executablePath] = process.argv.slice(2);
// On a busy machine its start takes longer than the half minute that Puppeteer would wait.
const firefox = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  headless: true,
  timeout: 180_000,
});

class Page extends Looking {
  constructor(page) {
    super();
    this.page = page;
    const { keyboard } = page;
    this.keyboard = {
      type: (text) => keyboard.type(text),
      press: async (combination) => {
        const keys = combination.split("+");
        const last = keys.pop();
        for (const key of keys) await keyboard.down(key);
        await keyboard.press(last);
        for (const key of keys.reverse()) await keyboard.up(key);
      },
    };
    this.mouse = { move: (x, y) => page.mouse.move(x, y) };
  }

  goto(url) {
    return this.page.goto(url).then(() => undefined);
  }

  reload() {
    return this.page.reload().then(() => undefined);
  }

  evaluate(expression) {
    return this.page.evaluate(expression);
  }

  waitForSelector(selector) {
    return this.page.waitForSelector(selector, { visible: true }).then(() => undefined);
  }

  click(selector, { modifiers = [] } = {}) {
    return this.holding(modifiers, () => this.page.locator(selector).click());
  }

  async holding(keys, act) {
    for (const key of keys) await this.page.keyboard.down(key);
    await act();
    for (const key of keys) await this.page.keyboard.up(key);
  }

  fill(selector, text) {
    return this.page.locator(selector).fill(text);
  }

  focus(selector) {
    return this.page.focus(selector);
  }

  selectOption(selector, value) {
    return this.page.select(selector, value);
  }

  async setInputFiles(selector, path) {
    await (await this.page.$(selector)).uploadFile(path);
  }

  async screenshot({ path }) {
    await this.page.screenshot({ path });
  }
}

class Context {
  constructor(context) {
    this.context = context;
  }

  /** `options` are those of Playwright; only the viewport is used. */
  static async open({ viewport }) {
    const context = new Context(await firefox.createBrowserContext());
    context.viewport = viewport;
    return context;
  }

  async newPage() {
    // Each page has its own window, because a browser does not draw a tab behind another.
    const page = await this.context.newPage({ type: "window" });
    await page.setViewport(this.viewport);
    return new Page(page);
  }

  close() {
    return this.context.close();
  }
}

obey(
  { newContext: (options) => Context.open(options), close: () => firefox.close() },
  { listen: ({ page }, found) => listen(page, found) },
);
