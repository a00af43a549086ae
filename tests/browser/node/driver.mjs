// Drives Chromium for the tests, by lines of JSON on standard input: {id, on, call, args}. `on` is
// what an earlier line made ("browser" to begin with), `call` a method of it, in Playwright's words;
// the answer is {id, value} or {id, error}. What is no plain value is kept, and its number answered.
import { createInterface } from "node:readline";

import { chromium } from "playwright-core";

const [executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    // Root has no sandbox. The rest keeps the browser from calling home.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

const things = new Map([["browser", browser]]);
const faults = new Map();
let made = 0;

/** Everything that a page complains about: errors, refused scripts and styles, failed requests. */
function listen(number, page) {
  const found = [];
  faults.set(number, found);
  page.on("pageerror", (error) => found.push(String(error.stack ?? error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") found.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== "data:" && hostname !== "127.0.0.1") found.push(`asks for ${request.url()}`);
  });
}

function answerOf(value) {
  if (value === undefined || value === null) return null;
  if (typeof value !== "object" || Array.isArray(value)) return value;
  if (Object.getPrototypeOf(value) === Object.prototype) return value;
  const number = `thing-${++made}`;
  things.set(number, value);
  if (typeof value.goto === "function") listen(number, value);
  return { thing: number };
}

const sessions = new Map();

/** A command of the DevTools protocol to a page, for what Playwright has no words. */
async function debug(page, method, parameters = {}) {
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
  return answerOf(await sessions.get(page).send(method, parameters));
}

async function obey({ on, call, args }) {
  if (call === "faults") return faults.get(on).splice(0);
  if (call === "inFrame") return answerOf(await things.get(on).frames()[1].evaluate(...args));
  if (call === "debug") return debug(things.get(on), ...args);
  const target = call.split(".").slice(0, -1).reduce((at, key) => at[key], things.get(on));
  return answerOf(await target[call.split(".").at(-1)](...args));
}

createInterface({ input: process.stdin }).on("line", async (line) => {
  const order = JSON.parse(line);
  let answer;
  try {
    answer = { id: order.id, value: await obey(order) };
  } catch (error) {
    answer = { id: order.id, error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}).on("close", async () => {
  await browser.close();
  process.exit(0);
});
process.stdout.write(JSON.stringify({ id: 0, value: "ready" }) + "\n");
