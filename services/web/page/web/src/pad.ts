/**
 * The page of a pad, in three steps, so that one can write as soon as possible: here the connection is
 * begun; while it comes about, `desk.ts` makes the editor; `rest.ts` brings all else when there is
 * something to be read, or when the pad does not come.
 */
import { BrowserDrafts } from "./ui/drafts.js";
import { byId } from "./ui/dom.js";
import { Early, PatientPad } from "./ui/early.js";
import { myself } from "./ui/myself.js";
import { StatusLine } from "./ui/statusline.js";
import { readWishes } from "./ui/wishes.js";

// Browsers hide the nonce from what reads the page's text, but not from its own code.
const nonce = byId<HTMLScriptElement>("page").nonce;
const here = location.href.replace(/[?#].*/, "");

const wishes = readWishes(location.search, location.hash);
let shown = (): void => undefined;
const drafts = new BrowserDrafts(new Promise((resolve) => (shown = resolve)));
const pad = new PatientPad(here, { ...myself(wishes), drafts });
const desk = import("./desk.js");

/** When there is all of the page's HTML: this script does not wait for it. */
const parsed = new Promise<void>((resolve) => {
  if (document.readyState !== "loading") resolve();
  else document.addEventListener("DOMContentLoaded", () => resolve(), { once: true });
});

void parsed.then(() => {
  document.body.dataset["begun"] = "";
  const line = new StatusLine(pad);
  const early = new Early(document.body);
  for (const [part, there] of Object.entries({
    tools: wishes.tools,
    menu: wishes.menu,
    chat: wishes.chat,
  }))
    document.body.classList.toggle(`without-${part}`, !there);
  byId("incomplete-button").addEventListener("click", () => location.reload());
  desk.then(
    ({ open }) => open({ pad, early, line, wishes, nonce, here, shown }),
    (error: unknown) => {
      byId("not-loaded").hidden = false;
      throw error;
    },
  );
});
