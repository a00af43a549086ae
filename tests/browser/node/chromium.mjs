// Chromium, by Playwright.
import { chromium } from "playwright-core";

import { listen, obey } from "./lines.mjs";

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

const sessions = new Map();

obey(browser, {
  listen,
  own: {
    inFrame: (page, ...args) => page.frames()[1].evaluate(...args),
    /** A command of the DevTools protocol to a page, for what Playwright has no words. */
    debug: async (page, method, parameters = {}) => {
      if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
      return sessions.get(page).send(method, parameters);
    },
  },
});
