/** Asks for confirmation of actions that are hard to undo. */
import type { Args } from "../words/catalogue.js";
import { write } from "../words/page.js";
import { byId } from "./dom.js";

/**
 * Resolves with whether the user agrees; Escape means no. `about` names the message, and
 * `‹about›-title` and `‹about›-yes` those of the title and of the confirming button.
 */
export function ask(about: string, args: Args = {}): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>("ask");
  write(byId("ask-title"), `${about}-title`, args);
  write(byId("ask-words"), about, args);
  write(byId("ask-yes"), `${about}-yes`);
  dialog.returnValue = "no";
  dialog.showModal();
  byId("ask-no").focus(); // not the confirming button, since a Return may still be on its way
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Returns the dialog `id`, which `button` opens and a click outside closes. */
export function opens(button: string, id: string): HTMLDialogElement {
  const dialog = byId<HTMLDialogElement>(id);
  byId(button).addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}

/** Shows a message about a failure or progress in the element `id`; null hides it. */
export function tell(id: string, message: string | null, args: Args = {}): void {
  const line = byId(id);
  line.hidden = message === null;
  if (message !== null) write(line, message, args);
}
