/** Short messages, which are shown for some seconds and read out. */
import { announce, byId } from "./dom.js";

/** How long a message is shown, in ms. */
const SHOWN = 4000;

let hiding: ReturnType<typeof setTimeout> | undefined;

export function toast(words: string): void {
  const shown = byId("toast");
  shown.textContent = words;
  shown.hidden = false;
  announce(words);
  clearTimeout(hiding);
  hiding = setTimeout(() => (shown.hidden = true), SHOWN);
}
