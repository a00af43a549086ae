/** QR codes of a pad's links, and the system's dialog for sharing one. */
import { say, write } from "../words/page.js";
import { byId, make } from "./dom.js";
import { reason } from "./reason.js";
import { toast } from "./toast.js";

/** The file next to this script that draws QR codes. build.mjs inserts its name. */
declare const CODES: string;

/**
 * Returns the QR codes of links. `kind` is a message for the picture, and `‹kind›-caption` that for
 * the caption.
 */
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

/** Shows how to share a pad. `readLink` is null if `link` itself is read-only. */
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
  // The button is only shown where the system has such a dialog, which requires https.
  send.hidden = typeof navigator.share !== "function";
  send.addEventListener("click", () => {
    // Closing the dialog is not an error.
    navigator.share({ title, url: link }).catch(() => undefined);
  });
}
