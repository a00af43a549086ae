// What tests say to a browser, by lines of JSON on standard input: {id, on, call, args}. `on` is
// what an earlier line made ("browser" to begin with), `call` a method of it, in Playwright's words;
// the answer is {id, value} or {id, error}. What is no plain value is kept, and its number answered.
import { createInterface } from "node:readline";

/**
 * Obeys until the input ends. `listen` is given each page and where to put what it complains about;
 * `own` are calls that the things have no methods for, given the thing and the arguments.
 */
export function obey(browser, { listen, own = {} }) {
  const things = new Map([["browser", browser]]);
  const faults = new Map();
  let made = 0;

  function answerOf(value) {
    if (value === undefined || value === null) return null;
    if (typeof value !== "object" || Array.isArray(value)) return value;
    if (Object.getPrototypeOf(value) === Object.prototype) return value;
    const number = `thing-${++made}`;
    things.set(number, value);
    if (typeof value.goto === "function") {
      faults.set(number, []);
      listen(value, faults.get(number));
    }
    return { thing: number };
  }

  async function answer({ on, call, args }) {
    if (call === "faults") {
      await things.get(on).complain?.();
      return faults.get(on).splice(0);
    }
    if (call in own) return answerOf(await own[call](things.get(on), ...args));
    const path = call.split(".");
    const target = path.slice(0, -1).reduce((at, key) => at[key], things.get(on));
    return answerOf(await target[path.at(-1)](...args));
  }

  const say = (line) => process.stdout.write(JSON.stringify(line) + "\n");
  createInterface({ input: process.stdin })
    .on("line", async (line) => {
      const { id, ...order } = JSON.parse(line);
      try {
        say({ id, value: await answer(order) });
      } catch (error) {
        say({ id, error: String(error.message ?? error) });
      }
    })
    .on("close", async () => {
      await browser.close();
      process.exit(0);
    });
  say({ id: 0, value: "ready" });
}

/** A page may ask for what is on this machine, and for nothing else. */
function isElsewhere(url) {
  const { protocol, hostname } = new URL(url);
  return !["data:", "blob:", "about:"].includes(protocol) && hostname !== "127.0.0.1";
}

/** Everything that a page complains about, in the events that Playwright and Puppeteer share. */
export function listen(page, found) {
  page.on("pageerror", (error) => found.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    // Playwright says "warning", Puppeteer "warn".
    if (["error", "warning", "warn"].includes(message.type())) found.push(message.text());
  });
  page.on("request", (request) => {
    if (isElsewhere(request.url())) found.push(`asks for ${request.url()}`);
  });
}

/** Those of Playwright's methods of a page that only look, for pages that can `evaluate`. */
export class Looking {
  look(selector, what) {
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    return this.evaluate(`((it) => ${what})(${element})`);
  }

  isVisible(selector) {
    const seen = "it.checkVisibility({ visibilityProperty: true }) && it.getClientRects().length > 0";
    return this.look(selector, `it !== null && ${seen}`);
  }

  async isHidden(selector) {
    return !(await this.isVisible(selector));
  }

  isDisabled(selector) {
    return this.look(selector, "it.disabled");
  }

  innerText(selector) {
    return this.look(selector, "it.innerText");
  }

  inputValue(selector) {
    return this.look(selector, "it.value");
  }

  getAttribute(selector, name) {
    return this.look(selector, `it.getAttribute(${JSON.stringify(name)})`);
  }
}
