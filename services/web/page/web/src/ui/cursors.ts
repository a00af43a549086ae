/** Shows other people's cursors, and tells other people where the user's own cursor is. */
import type { EditorView, ViewUpdate } from "@codemirror/view";
import type { Cursor, Pad } from "padfleet-client";

import { fromOthers } from "../editor/changes.js";
import { type Pointer, setPointers } from "../editor/pointers.js";
import { say } from "../words/page.js";
import { byId, recall, remember } from "./dom.js";

/** The shortest time between two positions that are sent, in ms. */
const PACE = 200;

/**
 * The same time while the user types, in ms. Typing moves the cursor for everybody who sees the
 * text change.
 */
const TYPING_PACE = 1000;

/** How long a cursor that has moved shows its author's name, in ms. */
const FRESH = 2500;

export class CursorTelling {
  private readonly box = byId<HTMLInputElement>("show-cursors");
  /**
   * When each author last moved their cursor themselves, and not because somebody wrote before it.
   */
  private readonly moved = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private due = Infinity;
  private last = 0;
  private fading: ReturnType<typeof setTimeout> | undefined;
  private drawing = false;

  constructor(
    private readonly pad: Pad,
    private readonly view: EditorView,
  ) {
    byId("cursors-choice").hidden = !pad.pointing;
    this.box.checked = recall("show-cursors") !== "no";
    this.box.addEventListener("change", () => {
      remember("show-cursors", this.box.checked ? "yes" : "no");
      if (this.box.checked) this.tellSoon(0);
      else this.point(null);
      this.draw();
    });
    pad.on("cursors", (authors) => {
      for (const author of authors) this.moved.set(author, Date.now());
      this.drawSoon();
    });
    pad.on("changed", ({ author }) => this.moved.set(author, Date.now()));
    pad.on("people", () => this.drawSoon());
    pad.on("took", () => this.drawSoon());
    // Somebody who has just arrived has not been told of any cursor.
    let count = pad.people.present.size;
    pad.on("people", (present) => {
      if (present.size > count) this.tellSoon(PACE);
      count = present.size;
    });
    pad.on("status", ({ state }) => {
      if (state === "open") this.tellSoon(PACE);
      this.drawSoon();
    });
    // Shows the cursors received so far, and sends the position at which the user has begun to
    // write.
    this.drawSoon();
    this.tellSoon(PACE);
  }

  /** Handles an update of the editor. */
  updated(update: ViewUpdate): void {
    const own = update.transactions.filter((tr) => !tr.annotation(fromOthers));
    if (!own.some((tr) => tr.selection !== undefined || tr.docChanged)) return;
    const typed = own.every((tr) => tr.isUserEvent("input.type") || tr.isUserEvent("delete"));
    this.tellSoon(typed ? TYPING_PACE : PACE);
    if (update.docChanged) this.drawSoon();
  }

  private get on(): boolean {
    return this.pad.pointing && this.box.checked;
  }

  private tellSoon(pace: number): void {
    const due = Math.max(Date.now(), this.last + PACE, pace === PACE ? 0 : Date.now() + pace);
    if (due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => this.tell(), due - Date.now());
  }

  private tell(): void {
    this.due = Infinity;
    this.last = Date.now();
    const { anchor, head } = this.view.state.selection.main;
    // The cursor of an editor that was never focused is at the start, and means nothing.
    const never = anchor === 0 && head === 0 && !this.view.hasFocus;
    if (this.on && !never) this.point({ anchor, head });
  }

  private point(cursor: Cursor | null): void {
    if (this.pad.status.state === "open") this.pad.point(cursor);
  }

  private drawSoon(): void {
    if (this.drawing) return;
    this.drawing = true;
    // Drawing has to wait until the editor shows the changes that the library has reported.
    requestAnimationFrame(() => {
      this.drawing = false;
      this.draw();
    });
  }

  private draw(): void {
    const now = Date.now();
    const shown: Pointer[] = [];
    const cursors = this.on ? this.pad.cursors : new Map<string, Cursor>();
    const end = this.view.state.doc.length;
    for (const [author, cursor] of cursors) {
      const name = this.pad.people.everybody.get(author)?.name ?? say("anonymous");
      const anchor = Math.min(cursor.anchor, end);
      const head = Math.min(cursor.head, end);
      const fresh = now - (this.moved.get(author) ?? 0) < FRESH;
      shown.push({ author, name, anchor, head, fresh });
    }
    this.view.dispatch({ effects: setPointers.of(shown) });
    clearTimeout(this.fading);
    if (shown.some(({ fresh }) => fresh)) this.fading = setTimeout(() => this.draw(), FRESH);
  }
}
