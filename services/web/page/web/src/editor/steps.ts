/** The steps of undo or redo, with the newest on top. Each is rebased only when it is needed. */
import { easysync } from "padfleet-client";

/** A selection, in UTF-16 code units. */
export interface Caret {
  anchor: number;
  head: number;
}

export interface Step {
  /** The changeset that leads back from the current text. */
  changeset: string;
  /** The selection to restore, in the text that the changeset leads to. */
  caret: Caret;
}

/** How much is kept for undo, and equally for redo. */
export interface Limits {
  steps: number;
  /**
   * The length of all changesets in UTF-16 code units. The newest step is kept whatever its length.
   */
  units: number;
}

export const LIMITS: Limits = { steps: 400, units: 4_000_000 };

/**
 * Other people's changes between a step and the next, as changesets that are composed when needed.
 * Each is shorter than the one before it, so adding one is cheap even after very many.
 */
class Pile {
  private readonly parts: string[] = [];
  units = 0;

  add(changeset: string, pool: easysync.AttributePool): void {
    let last = changeset;
    for (let part = this.parts.at(-1); part !== undefined; part = this.parts.at(-1)) {
      if (part.length > last.length) break;
      this.parts.pop();
      this.units -= part.length;
      last = easysync.compose(part, last, pool);
    }
    this.parts.push(last);
    this.units += last.length;
  }

  /** Removes all changesets and returns their composition; null if there are none. */
  take(pool: easysync.AttributePool): string | null {
    let all: string | null = null;
    for (let part = this.parts.pop(); part !== undefined; part = this.parts.pop()) {
      all = all === null ? part : easysync.compose(part, all, pool);
    }
    this.units = 0;
    return all;
  }
}

export class Branch {
  private steps: { changeset: string; caret: Caret; since: Pile }[] = [];

  constructor(
    private readonly pool: easysync.AttributePool,
    private readonly limits: Limits,
  ) {}

  get depth(): number {
    return this.steps.length;
  }

  /** Returns the newest step, rebased to the current text; null if there is none. */
  top(): Step | null {
    const top = this.steps.at(-1);
    if (top === undefined) return null;
    const theirs = top.since.take(this.pool);
    if (theirs !== null) {
      // Own text comes first where both insert, as with edits that wait to be sent.
      const after = easysync.follow(top.changeset, theirs, this.pool);
      top.changeset = easysync.follow(theirs, top.changeset, this.pool, true);
      top.caret = mapped(top.caret, easysync.textChanges(after));
      if (!easysync.isIdentity(after)) this.steps.at(-2)?.since.add(after, this.pool);
    }
    return top;
  }

  push({ changeset, caret }: Step): void {
    this.steps.push({ changeset, caret, since: new Pile() });
    this.trim();
  }

  /**
   * Replaces the newest step's changeset, which leads from the current text; the selection stays.
   */
  replaceTop(changeset: string): void {
    const top = this.steps.at(-1);
    if (top !== undefined) top.changeset = changeset;
    this.trim();
  }

  /** Appends `more` to the newest step. Older steps begin after it. */
  extendTop(more: string): void {
    const top = this.steps.at(-1);
    if (top === undefined) return;
    top.changeset = easysync.compose(top.changeset, more, this.pool);
    this.steps.at(-2)?.since.add(more, this.pool);
  }

  pop(): void {
    this.steps.pop();
  }

  others(changeset: string): void {
    this.steps.at(-1)?.since.add(changeset, this.pool);
    this.trim();
  }

  clear(): void {
    this.steps = [];
  }

  private trim(): void {
    const { limits } = this;
    let units = 0;
    let kept = 0;
    for (let index = this.steps.length - 1; index >= 0; index -= 1) {
      const { changeset, since } = this.steps[index] as (typeof this.steps)[number];
      units += since.units + (kept === 0 ? 0 : changeset.length);
      if (kept === limits.steps || units > limits.units) break;
      if (kept === 0) units += changeset.length;
      kept += 1;
    }
    if (kept < this.steps.length) this.steps.splice(0, this.steps.length - kept);
  }
}

function mapped({ anchor, head }: Caret, changes: readonly easysync.TextChange[]): Caret {
  return { anchor: mapPosition(anchor, changes), head: mapPosition(head, changes) };
}

/** Returns a position after changes. It stays before text that is inserted right there. */
function mapPosition(position: number, changes: readonly easysync.TextChange[]): number {
  let moved = 0;
  for (const { from, to, insert } of changes) {
    if (from >= position) break;
    if (to > position) return from + moved;
    moved += insert.length - (to - from);
  }
  return position + moved;
}
