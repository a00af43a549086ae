/** Shows who wrote a passage: on hover, on a tap, and by a command whose answer is read out. */
import type { EditorView, KeyBinding } from "@codemirror/view";
import type { Pad } from "padfleet-client";

import { authorAt, authorAtCursor } from "../editor/authorship.js";
import { authorClass } from "../editor/colors.js";
import { source } from "../editor/source.js";
import { say, writeVerbatim } from "../words/page.js";
import { announce, byId, make } from "./dom.js";

/** How long the pointer must rest on a text, in ms. */
const REST = 350;

/** How long the answer to a tap is shown, in ms. */
const SHOWN = 3000;

export class Who {
  private readonly tip = make("div", "who-tip");
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly pad: Pad,
    private readonly view: () => EditorView,
  ) {
    this.tip.hidden = true;
    this.tip.setAttribute("aria-hidden", "true"); // the command answers for screen readers
    document.body.append(this.tip);
    byId("who-wrote").addEventListener("click", () => {
      const words = byId("who-words");
      words.hidden = false;
      writeVerbatim(words, this.wordsOf(authorAtCursor(this.view().state)));
      this.tell();
    });
  }

  /** Watches the pointer over a text, which must show its state's `source`. */
  watch(view: EditorView): void {
    const { dom, scrollDOM } = view;
    dom.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch" || event.buttons !== 0) return;
      this.hide();
      const { clientX: x, clientY: y } = event;
      this.timer = setTimeout(() => this.point(view, x, y, false), REST);
    });
    dom.addEventListener("pointerup", (event) => {
      if (event.pointerType !== "touch" || !view.state.selection.main.empty) return;
      this.point(view, event.clientX, event.clientY, true);
    });
    dom.addEventListener("pointerleave", ({ pointerType }) => {
      if (pointerType !== "touch") this.hide(); // a finger leaves with each tap
    });
    // This comes before the editor handles the key, which may be the one for the command.
    dom.addEventListener("keydown", () => this.hide(), true);
    scrollDOM.addEventListener("scroll", () => this.hide(), { passive: true });
  }

  /** The editor's key for the command, which is the same as in Etherpad. */
  get keys(): KeyBinding[] {
    return [{ key: "Mod-Shift-2", run: () => this.tell(), preventDefault: true }];
  }

  /** Shows the author at the cursor, and reads the name out. */
  private tell(): boolean {
    const view = this.view();
    const author = authorAtCursor(view.state);
    announce(""); // so that the same answer is read out again
    setTimeout(() => announce(this.wordsOf(author)), 50);
    const place = view.coordsAtPos(view.state.selection.main.head);
    if (place !== null) this.show(author, place.left, place.top);
    this.timer = setTimeout(() => this.hide(), SHOWN);
    return true;
  }

  private point(view: EditorView, x: number, y: number, tapped: boolean): void {
    const from = view.posAndSideAtCoords({ x, y });
    if (from === null) return;
    const position = from.assoc < 0 ? Math.max(from.pos - 1, 0) : from.pos;
    const place = view.coordsAtPos(position, 1);
    const author = authorAt(view.state.facet(source), position);
    // Beyond the end of a line there is no text.
    const beside = place === null || Math.abs(place.left - x) > 40 || y < place.top;
    const own = tapped && author === this.pad.vars.userId;
    if (author === "" || beside || own) return this.hide();
    this.show(author, x, place.top);
    if (tapped) this.timer = setTimeout(() => this.hide(), SHOWN);
  }

  private show(author: string, x: number, top: number): void {
    this.hide();
    this.tip.className = `who-tip ${authorClass(author)}`;
    this.tip.textContent = this.wordsOf(author);
    this.tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const left = Math.min(Math.max(x - width / 2, 6), innerWidth - width - 6);
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${Math.max(top - height - 6, 6)}px`;
  }

  private hide(): void {
    clearTimeout(this.timer);
    this.tip.hidden = true;
  }

  private wordsOf(author: string): string {
    if (author === "") return say("who-nobody");
    if (author === this.pad.vars.userId) return say("who-you");
    const name = this.pad.people.everybody.get(author)?.name ?? null;
    return name === null ? say("who-anonymous") : say("who-somebody", { name });
  }
}
