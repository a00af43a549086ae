/**
 * Undo and redo over changesets, without an editor or a clock: each step is the inverse of what was
 * done, rebased over what others did since. So it leads back exactly, text and attributes, and to
 * what others wrote it does what Easysync says, which is nothing.
 */
import { easysync } from "padfleet-client";

import { Branch, type Caret, LIMITS, type Limits, type Step } from "./steps.js";

export type { Caret, Limits, Step } from "./steps.js";

/** Milliseconds after which typing is another step. */
const PAUSE = 500;

/** What may be one step with the typing before it, by the names that CodeMirror gives. */
const JOINABLE = /^(input\.type|delete\.(backward|forward))($|\.)/;

export type Side = "undo" | "redo";

/** What is known of an own edit beside its changeset. */
export interface Edit {
  /** In ms. */
  time: number;
  /** CodeMirror's user event, such as `input.type`. */
  kind: string;
  /** The selection before it. */
  caret: Caret;
}

export class Undoing {
  private readonly done: Branch;
  private readonly undone: Branch;
  private readonly dressed = new Map<string, string>();
  private lastTime = -Infinity;
  /** Whether the last edit was one that further typing may join. */
  private open = false;
  /** The same for what an input method composes, which goes on where its selection moves. */
  private composable = false;

  constructor(
    private readonly pool: easysync.AttributePool,
    private readonly author: string,
    limits: Limits = LIMITS,
  ) {
    this.done = new Branch(pool, limits);
    this.undone = new Branch(pool, limits);
  }

  /** How many steps there are to undo or redo. */
  depth(side: Side): number {
    return this.branch(side).depth;
  }

  /** An own edit is about to be made on `before`. Throws `EasysyncError` if it does not fit. */
  record(changeset: string, before: easysync.Body, edit: Edit): void {
    const back = this.wayBack(changeset, before);
    if (easysync.isIdentity(back)) return; // what has no effect is nothing to undo
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
  }

  /** The text has been changed by `changeset`, which is not to be undone: by others, mostly. */
  others(changeset: string): void {
    if (easysync.isIdentity(changeset)) return;
    this.done.others(changeset);
    this.undone.others(changeset);
  }

  /** What is typed next begins a step. */
  seal(): void {
    this.open = false;
  }

  /** Forgets everything. */
  clear(): void {
    this.done.clear();
    this.undone.clear();
    this.open = this.composable = false;
  }

  /** What undo or redo would do to `text`, which is the text now; null if there is nothing. */
  next(side: Side, text: string): Step | null {
    const branch = this.branch(side);
    for (let top = branch.top(); top !== null; top = branch.top()) {
      const ending = this.lastNewline(easysync.applyToText(top.changeset, text));
      if (ending !== null) branch.extendTop(ending);
      const { changeset, caret } = top;
      if (!easysync.isIdentity(changeset)) return { changeset, caret };
      branch.pop(); // others have undone it already
    }
    return null;
  }

  /** What `next(side)` gave is about to be done to `before`; `caret` is the selection there. */
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
   * The attributes of text that comes back. Servers take new text only under the name of whoever
   * sends it, so what was somebody else's comes back as ours.
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
    if (edit.kind === "input.type.compose") return this.composable;
    if (!this.open || !plain) return false;
    if (edit.time - this.lastTime >= PAUSE) return false;
    const [here, ...elsewhere] = easysync.textChanges(changeset);
    if (here === undefined || elsewhere.length > 0) return false;
    const before = easysync.textChanges(top.changeset);
    return before.some(({ from, to }) => here.from <= to && here.to >= from);
  }

  /**
   * A pad ends with a newline, which may be ours to undo if others have removed the one after it.
   * What puts it back where `text` has none.
   */
  private lastNewline(text: string): string | null {
    if (text.endsWith("\n")) return null;
    return easysync.makeSplice(text, text.length, 0, "\n", this.dress(""));
  }
}

/** Whether it is typing or deleting within a line: no newlines, no formats set. */
function isPlain(changeset: string): boolean {
  const { ops } = easysync.unpack(changeset);
  return !/\|[0-9a-z]+[-+]/.test(ops) && !/\*[0-9a-z|]+=/.test(ops);
}
