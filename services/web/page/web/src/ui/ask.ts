/** Asks before something that cannot be taken back easily. */
import type { Args } from "../words/catalogue.js";
import { write } from "../words/page.js";
import { byId } from "./dom.js";

/**
 * Resolves with whether the user wants it: Escape says no. `about` is a message with its title, and
 * with what the button says that does it, as `‹about›-title` and `‹about›-yes`.
 */
export function ask(about: string, args: Args = {}): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>("ask");
  write(byId("ask-title"), `${about}-title`, args);
  write(byId("ask-words"), about, args);
  write(byId("ask-yes"), `${about}-yes`);
  dialog.returnValue = "no";
  dialog.showModal();
  byId("ask-no").focus(); // not what does it: Return may still be on its way
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** A dialog that a button opens, and that a click beside it closes. */
export function opens(button: string, id: string): HTMLDialogElement {
  const dialog = byId<HTMLDialogElement>(id);
  byId(button).addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}

/** A line for what went wrong or on: a message, or null to put it away. */
export function tell(id: string, message: string | null, args: Args = {}): void {
  const line = byId(id);
  line.hidden = message === null;
  if (message !== null) write(line, message, args);
}
