/**
 * The buttons above the text. They are a single stop of the Tab key, and arrow keys move between
 * them.
 */
import type { EditorState } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

import { activeFormats } from "../editor/changes.js";
import { DEEDS } from "../editor/commands.js";
import { type Heading, headingOf, inList, setHeading } from "../editor/lists.js";
import { toggleFind } from "../editor/search.js";
import { type Format, FORMATS } from "../editor/source.js";
import { depth } from "../editor/travel.js";
import type { Side } from "../editor/undo.js";
import { byId } from "./dom.js";

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };

export class Toolbar {
  private readonly root = byId("tools");
  private readonly buttons = [...this.root.querySelectorAll<HTMLButtonElement>("[data-do]")];
  private readonly heading = byId<HTMLSelectElement>("heading");
  /** The elements that arrow keys move between. */
  private readonly stops: HTMLElement[];

  /** Readers cannot change anything, so they only see the find button. */
  constructor(readOnly: boolean) {
    if (readOnly) {
      for (const part of this.root.children as HTMLCollectionOf<HTMLElement>) {
        part.hidden = part.dataset["do"] !== "find";
      }
    }
    const all = this.root.querySelectorAll<HTMLElement>("[data-do], select");
    this.stops = [...all].filter(({ hidden }) => !hidden);
  }

  attach(view: EditorView): void {
    for (const [index, stop] of this.stops.entries()) stop.tabIndex = index === 0 ? 0 : -1;
    this.heading.addEventListener("change", () => {
      setHeading(this.heading.value as Heading | "")(view);
      view.focus();
    });
    for (const button of this.buttons) {
      // This keeps the text's selection, and a phone's keyboard open.
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", (event) => {
        const deed = button.dataset["do"] ?? "";
        (deed === "find" ? toggleFind : DEEDS[deed])?.(view);
        if (event.detail > 0) view.focus();
      });
    }
    this.root.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      const at = this.stops.indexOf(event.target as HTMLElement);
      if (step === undefined || at < 0) return;
      event.preventDefault();
      const next = this.stops[(at + step + this.stops.length) % this.stops.length];
      for (const stop of this.stops) stop.tabIndex = stop === next ? 0 : -1;
      next?.focus();
    });
  }

  show(state: EditorState): void {
    const active = activeFormats(state);
    for (const button of this.buttons) {
      const deed = button.dataset["do"] ?? "";
      if ((FORMATS as readonly string[]).includes(deed)) {
        button.setAttribute("aria-pressed", String(active.has(deed as Format)));
      } else if (deed === "list" || deed === "numbers") {
        const kind = deed === "list" ? "bullet" : "number";
        button.setAttribute("aria-pressed", String(inList(state, kind)));
      } else if (deed === "undo" || deed === "redo") {
        const steps = depth(state, deed as Side);
        button.setAttribute("aria-disabled", String(steps === 0 || state.readOnly));
      }
    }
    const heading = headingOf(state);
    this.heading.value = heading ?? "";
  }
}
