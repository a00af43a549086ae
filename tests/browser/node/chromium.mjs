// Drives Chromium with Playwright.
import { chromium } from "playwright-core";

import { listen, obey } from "./lines.mjs";
import { CATEGORIES, spentUntil } from "./spent.mjs";

const [executablePath] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    // Chromium's sandbox does not work for root. The other options keep the browser from calling
    // home.
    "--no-sandbox",
    // A page that is used again (`keeps` in browser.py) keeps its process, with all that it has
    // compiled: to open it takes a third of the CPU.
    "--process-per-site",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

const sessions = new Map();
const held = new Map();
const origins = new Map();

async function sessionOf(page) {
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page));
  return sessions.get(page);
}

/** By how much pages are slowed down (SLOWNESS=8), in order to find tests that do not wait. */
const slowness = Number(process.env.SLOWNESS ?? 1);

async function slowDown(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slowness });
}

obey(browser, {
  listen: (page, found) => {
    listen(page, found);
    origins.set(page, new Set());
    page.on("framenavigated", (frame) => origins.get(page).add(new URL(frame.url()).origin));
    if (slowness > 1) void slowDown(page).catch(() => undefined); // it has already been closed
  },
  own: {
    inFrame: (page, ...args) => page.frames()[1].evaluate(...args),
    /** Leaves requests for a glob unanswered, until `letGo`. */
    hold: async (page, glob) => {
      held.set(page, []);
      await page.route(glob, (route) => held.get(page)?.push(route) ?? route.continue());
    },
    /** Returns the number of requests that are held. */
    holds: (page) => held.get(page).length,
    /** Fails the requests that are held now. */
    fail: async (page) => {
      await Promise.all(held.get(page).splice(0).map((route) => route.abort()));
    },
    letGo: async (page) => {
      const routes = held.get(page);
      held.delete(page);
      await Promise.all(routes.map((route) => route.continue()));
    },
    trace: (page) => browser.startTracing(page, { categories: CATEGORIES }),
    /** Returns what the main thread has done between `trace` and a mark; see spent.mjs. */
    spent: async (_page, mark) => {
      const { traceEvents } = JSON.parse(String(await browser.stopTracing()));
      return spentUntil(traceEvents, mark);
    },
    /** Sends a page a command of the DevTools protocol that Playwright has no method for. */
    debug: async (page, method, parameters = {}) => (await sessionOf(page)).send(method, parameters),
    /**
     * Leaves a page that stands alone in its context as a new one would be: nothing is shown, and
     * nothing is stored. Returns whether that was possible.
     */
    forget: async (page) => {
      if (page.isClosed() || page.context().pages().length > 1) return false;
      await page.mouse.move(-1, -1);
      await page.goto("about:blank");
      await page.context().clearCookies();
      const session = await sessionOf(page);
      for (const origin of origins.get(page)) {
        if (origin === "null") continue;
        await session.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
      }
      origins.get(page).clear();
      return true;
    },
  },
});
