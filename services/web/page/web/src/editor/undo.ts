/**
 * Undo and redo of changesets, without an editor or a clock. Each step is the inverse of an edit,
 * rebased over other people's later changes. So it restores text and attributes exactly, and leaves
 * what others wrote as it is.
 */
import { easysync } from "padfleet-client";

import { Branch, type Caret, LIMITS, type Limits, type Step } from "./steps.js";

export type { Caret, Limits, Step } from "./steps.js";

/** After a pause this long, in ms, typing begins a new step. */
const PAUSE = 500;

/** User events of CodeMirror that may join the step of the typing before. */
const JOINABLE = /^(input\.type|delete\.(backward|forward))($|\.)/;

/**
 * The user event of deleting the text that an input method is about to replace. Both are one step.
 */
export const WRITTEN_OVER = "delete.compose";

export type Side = "undo" | "redo";

/** The properties of an own edit besides its changeset. */
export interface Edit {
  /** The time in ms. */
  time: number;
  /** CodeMirror's user event, such as `input.type`. */
  kind: string;
  /** The selection before the edit. */
  caret: Caret;
}

export class Undoing {
  private readonly done: Branch;
  private readonly undone: Branch;
  private readonly dressed = new Map<string, string>();
  private lastTime = -Infinity;
  /** Whether further typing may join the last edit. */
  private open = false;
  /**
   * Whether further input of an input method may join the last edit. Unlike typing, it may do so
   * after the selection has moved.
   */
  private composable = false;
  /** Whether the last edit deleted the text that the next composition replaces. */
  private madeRoom = false;

  constructor(
    private readonly pool: easysync.AttributePool,
    private readonly author: string,
    limits: Limits = LIMITS,
  ) {
    this.done = new Branch(pool, limits);
    this.undone = new Branch(pool, limits);
  }

  /** Returns the number of steps to undo or redo. */
  depth(side: Side): number {
    return this.branch(side).depth;
  }

  /**
   * Records an own edit that is about to be applied to `before`. Throws `EasysyncError` if it does
   * not fit.
   */
  record(changeset: string, before: easysync.Body, edit: Edit): void {
    const back = this.wayBack(changeset, before);
    if (easysync.isIdentity(back)) return; // without an effect there is nothing to undo
    this.undone.clear();
    const plain = JOINABLE.test(edit.kind) && isPlain(changeset);
    const top = this.done.top();
    if (top !== null && this.joins(changeset, plain, edit, top)) {
      const both = easysync.compose(back, top.changeset, this.pool);
      if (easysync.isIdentity(both)) this.done.pop();
      else this.done.replaceTop(both);
      this.open = this.composable = !easysync.isIdentity(both);
    } else {
      this.done.push({ changeset: back, caret: edit.caret });
      this.open = plain;
      this.composable = true;
    }
    this.lastTime = edit.time;
    this.madeRoom = edit.kind === WRITTEN_OVER;
  }

  /** Takes in a change that cannot be undone here, usually one by somebody else. */
  others(changeset: string): void {
    if (easysync.isIdentity(changeset)) return;
    this.done.others(changeset);
    this.undone.others(changeset);
  }

  /** Makes the next typing begin a new step. */
  seal(): void {
    this.open = false;
  }

  /** Forgets all steps. */
  clear(): void {
    this.done.clear();
    this.undone.clear();
    this.open = this.composable = false;
  }

  /**
   * Returns what undo or redo would do to `text`, the current text; null if there is nothing to do.
   */
  next(side: Side, text: string): Step | null {
    const branch = this.branch(side);
    for (let top = branch.top(); top !== null; top = branch.top()) {
      const ending = this.lastNewline(easysync.applyToText(top.changeset, text));
      if (ending !== null) branch.extendTop(ending);
      const { changeset, caret } = top;
      if (!easysync.isIdentity(changeset)) return { changeset, caret };
      branch.pop(); // others have already undone it
    }
    return null;
  }

  /**
   * Moves the step that `next(side)` returned to the other side, before it is applied to `before`.
   * `caret` is the current selection.
   */
  go(side: Side, before: easysync.Body, caret: Caret): void {
    const step = this.next(side, before.text);
    if (step === null) throw new Error(`there is nothing to ${side}`);
    const back = this.wayBack(step.changeset, before);
    this.branch(side).pop();
    this.branch(side === "undo" ? "redo" : "undo").push({ changeset: back, caret });
    this.open = this.composable = false;
  }

  private branch(side: Side): Branch {
    return side === "undo" ? this.done : this.undone;
  }

  private wayBack(changeset: string, before: easysync.Body): string {
    return easysync.inverseOn(before, changeset, this.pool, (had) => this.dress(had));
  }

  /**
   * Returns the attributes of text that undo restores. Servers accept new text only under its
   * sender's name, so other people's text comes back as the user's own.
   */
  private dress(had: string): string {
    let attribs = this.dressed.get(had);
    if (attribs === undefined) {
      const all = easysync.attribsOf(had, this.pool).set("author", this.author);
      this.dressed.set(had, (attribs = easysync.attribsString(all, this.pool)));
    }
    return attribs;
  }

  private joins(changeset: string, plain: boolean, edit: Edit, top: Step): boolean {
    const begun = this.madeRoom && edit.kind === "input.type.compose.start";
    if (begun || edit.kind === "input.type.compose") return this.composable;
    if (!this.open || !plain) return false;
    if (edit.time - this.lastTime >= PAUSE) return false;
    const [here, ...elsewhere] = easysync.textChanges(changeset);
    if (here === undefined || elsewhere.length > 0) return false;
    const before = easysync.textChanges(top.changeset);
    return before.some(({ from, to }) => here.from <= to && here.to >= from);
  }

  /**
   * Returns the changeset that restores the newline at the end of `text`, or null if there is one.
   * Undo may remove it if others have removed the newline after it.
   */
  private lastNewline(text: string): string | null {
    if (text.endsWith("\n")) return null;
    return easysync.makeSplice(text, text.length, 0, "\n", this.dress(""));
  }
}

/** Whether the changeset only types or deletes within a line, without newlines or formats. */
function isPlain(changeset: string): boolean {
  const { ops } = easysync.unpack(changeset);
  return !/\|[0-9a-z]+[-+]/.test(ops) && !/\*[0-9a-z|]+=/.test(ops);
}
