/** Keys that work anywhere on the page, and the dialog that lists all keys. */
import { keyList } from "../words/keys.js";
import { onLanguage, say } from "../words/page.js";
import { byId, make } from "./dom.js";

/** Keys that have no button; their messages are named `keys-…`. */
const OTHERS: [message: string, ...keys: string[]][] = [
  ["keys-indent", "Tab"],
  ["keys-outdent", "Shift-Tab"],
  ["keys-leave", "Escape", "Tab"],
  ["keys-heading", "Mod-Alt-1"],
  ["keys-link", "Mod-Enter"],
  ["keys-save", "Mod-s"],
  ["keys-help", "Mod-/"],
];

type Row = [label: string, keys: readonly string[]];

function shown(keys: readonly string[]): HTMLElement {
  const cell = make("dd");
  for (const [index, stroke] of keys.entries()) {
    if (index > 0) cell.append(` ${say("keys-then")} `);
    const names = keyList(stroke, say);
    cell.append(make("span", "stroke", ...names.map((name) => make("kbd", "", name))));
  }
  return cell;
}

/** Returns the rows of the list: the keys of the page's buttons, and the others. */
function rows(): Row[] {
  const buttons = [...document.querySelectorAll<HTMLElement>("button[data-keys]")];
  return [
    ...buttons.map((button): Row => {
      return [button.getAttribute("aria-label") ?? "", [button.dataset["keys"] ?? ""]];
    }),
    ...OTHERS.map(([message, ...keys]): Row => [say(message), keys]),
  ];
}

/** Whether the event is the key with Ctrl, or Cmd on a Mac, and no other modifier. */
function isStroke(event: KeyboardEvent, key: string): boolean {
  const held = event.ctrlKey !== event.metaKey && !event.altKey;
  // On many keyboards, a slash needs Shift.
  return held && event.key.toLowerCase() === key && (key === "/" || !event.shiftKey);
}

/** Handles the page's keys. `save` saves the newest revision; it is null for readers. */
export function showShortcuts(save: (() => void) | null): void {
  const dialog = byId<HTMLDialogElement>("keys");
  const open = (): void => {
    if (document.querySelector("dialog[open]") === null) dialog.showModal();
  };
  const draw = (): void => {
    byId("keys-list").replaceChildren(
      ...rows().map(([label, keys]) => make("div", "", make("dt", "", label), shown(keys))),
    );
  };
  byId("keys-button").addEventListener("click", open);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    if (isStroke(event, "/")) open();
    else if (isStroke(event, "s")) save?.();
    else return;
    event.preventDefault();
  });
  onLanguage(draw);
  draw();
}
