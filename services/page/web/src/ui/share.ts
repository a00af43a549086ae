/** QR codes of a pad's links, and the system's own way of sending one. */
import { encode } from "uqr";

import { write } from "../words/page.js";
import { byId, make } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** Modules that have to be free around a code, for cameras to find it. */
const QUIET = 4;

/** The dark modules of a code as the path of an SVG: runs of them, row by row. */
export function codePath(rows: readonly (readonly boolean[])[]): string {
  const parts: string[] = [];
  for (const [y, row] of rows.entries()) {
    for (let x = 0; x < row.length; x += 1) {
      const start = x;
      while (row[x]) x += 1;
      if (x > start) parts.push(`M${start} ${y}h${x - start}v1h-${x - start}z`);
    }
  }
  return parts.join("");
}

/** `kind` is what the link is good for: a message, with another for the caption. */
function code(link: string, kind: string): HTMLElement {
  const { data, size } = encode(link, { ecc: "M", border: 0 });
  const picture = document.createElementNS(SVG, "svg");
  const wide = size + 2 * QUIET;
  picture.setAttribute("viewBox", `${-QUIET} ${-QUIET} ${wide} ${wide}`);
  picture.setAttribute("class", "code");
  picture.setAttribute("role", "img");
  write(picture, kind);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", codePath(data));
  picture.append(path);
  const words = make("figcaption", "hint");
  write(words, `${kind}-caption`);
  return make("figure", "", picture, words);
}

/** `readLink` is null where it is the same as `link`. */
export function showSharing(link: string, readLink: string | null, title: string): void {
  const button = byId("show-codes");
  const codes = byId("codes");
  button.addEventListener("click", () => {
    const open = codes.hidden;
    codes.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    write(button, open ? "hide-codes" : "show-codes");
    if (codes.childElementCount > 0) return;
    if (readLink === null) codes.append(code(link, "code-read"));
    else codes.append(code(link, "code-write"), code(readLink, "code-read"));
  });
  const send = byId("share-link");
  // Only where the system has a sheet for it, and from https.
  send.hidden = typeof navigator.share !== "function";
  send.addEventListener("click", () => {
    // Who puts the sheet away has changed his mind, which is no fault.
    navigator.share({ title, url: link }).catch(() => undefined);
  });
}
