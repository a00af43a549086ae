/**
 * The page of a pad. It loads in steps, so that users can write as soon as possible. `first.ts` asks
 * for the pad; this script takes over the connection; meanwhile `desk.ts` prepares the editor;
 * `rest.ts` adds everything else when the text is visible, or when the pad does not arrive.
 */
import { BrowserDrafts } from "./ui/drafts.js";
import { byId } from "./ui/dom.js";
import { Early, PatientPad } from "./ui/early.js";
import { myself } from "./ui/myself.js";
import { StatusLine } from "./ui/statusline.js";
import { readWishes } from "./ui/wishes.js";

// Browsers hide the nonce from code that reads the page's text, but not from the page's own code.
const nonce = byId<HTMLScriptElement>("page").nonce;
const here = location.href.replace(/[?#].*/, "");

const wishes = readWishes(location.search, location.hash);
let shown = (): void => undefined;
const drafts = new BrowserDrafts(new Promise((resolve) => (shown = resolve)));
const { options, ahead } = window.begun ?? { options: myself(wishes), ahead: null };
window.begun ??= null;
const pad = new PatientPad(here, {
  ...options,
  drafts,
  webSocket: (url) => ahead?.take(url) ?? new WebSocket(url),
});
const desk = import("./desk.js");

/** Resolves when all of the page's HTML has been parsed; this script runs before that. */
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
