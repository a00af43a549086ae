// Tests control a browser by lines of JSON on standard input: {id, on, call, args}. `on` is what an
// earlier line has made ("browser" at first), and `call` one of its methods in Playwright's words.
// The answer is {id, value} or {id, error}. A result that is not a plain value is kept, and its
// number is the answer.
import { createInterface } from "node:readline";

/**
 * Obeys until the input ends. `listen` is called with each page and the array for its complaints.
 * `own` are additional calls, which get the object and the arguments.
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

/** Whether an address is elsewhere: a page may only request what is on this machine. */
function isElsewhere(url) {
  const { protocol, hostname } = new URL(url);
  return !["data:", "blob:", "about:"].includes(protocol) && hostname !== "127.0.0.1";
}

/**
 * Collects everything that a page complains about, from events that Playwright and Puppeteer share.
 */
export function listen(page, found) {
  page.on("pageerror", (error) => found.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    // Playwright says "warning", and Puppeteer "warn".
    if (["error", "warning", "warn"].includes(message.type())) found.push(message.text());
  });
  page.on("request", (request) => {
    if (isElsewhere(request.url())) found.push(`asks for ${request.url()}`);
  });
}

/** Those of Playwright's page methods that only read, for pages that have `evaluate`. */
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
