/** QR codes of a pad's links, and the system's own way of sending one. */
import { say, write } from "../words/page.js";
import { byId, make } from "./dom.js";
import { reason } from "./reason.js";
import { toast } from "./toast.js";

/** The file beside this script that draws codes: filled in by build.mjs. */
declare const CODES: string;

/** Codes of links, each with what it is good for: a message, with another for the caption. */
async function codes(links: [link: string, kind: string][]): Promise<HTMLElement[]> {
  const from = new URL(CODES, import.meta.url).href;
  const { drawCode } = (await import(from)) as typeof import("./code.js");
  return links.map(([link, kind]) => {
    const picture = drawCode(link);
    write(picture, kind);
    const words = make("figcaption", "hint");
    write(words, `${kind}-caption`);
    return make("figure", "", picture, words);
  });
}

/** `readLink` is null where it is the same as `link`. */
export function showSharing(link: string, readLink: string | null, title: string): void {
  const button = byId("show-codes");
  const shown = byId("codes");
  button.addEventListener("click", () => {
    const open = shown.hidden;
    shown.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    write(button, open ? "hide-codes" : "show-codes");
    if (!open || shown.childElementCount > 0) return;
    const links: [string, string][] =
      readLink === null
        ? [[link, "code-read"]]
        : [
            [link, "code-write"],
            [readLink, "code-read"],
          ];
    codes(links).then(
      (made) => shown.replaceChildren(...made),
      () => toast(say("codes-failed", { why: reason("not connected") })),
    );
  });
  const send = byId("share-link");
  // Only where the system has a sheet for it, and from https.
  send.hidden = typeof navigator.share !== "function";
  send.addEventListener("click", () => {
    // Who puts the sheet away has changed his mind, which is no fault.
    navigator.share({ title, url: link }).catch(() => undefined);
  });
}
