/**
 * The page of a pad, in three steps, so that one can write as soon as possible: here the connection is
 * begun; while it comes about, `desk.ts` makes the editor; `rest.ts` brings all else when there is
 * something to be read, or when the pad does not come.
 */
import { BrowserDrafts } from "./ui/drafts.js";
import { byId } from "./ui/dom.js";
import { Early, PatientPad } from "./ui/early.js";
import { myself } from "./ui/myself.js";
import { readWishes } from "./ui/wishes.js";

// Browsers hide the nonce from what reads the page's text, but not from its own code.
const nonce = byId<HTMLScriptElement>("page").nonce;
const here = location.href.replace(/[?#].*/, "");

const wishes = readWishes(location.search, location.hash);
const pad = new PatientPad(here, { ...myself(wishes), drafts: new BrowserDrafts() });
const early = new Early(document.body);
for (const [part, there] of Object.entries({
  tools: wishes.tools,
  menu: wishes.menu,
  chat: wishes.chat,
}))
  document.body.classList.toggle(`without-${part}`, !there);

import("./desk.js").then(
  ({ open }) => open({ pad, early, wishes, nonce, here }),
  (error: unknown) => {
    byId("incomplete").hidden = false;
    throw error;
  },
);
byId("incomplete-button").addEventListener("click", () => location.reload());
