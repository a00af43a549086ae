/** Steps of undo or of redo, the newest on top, each rebased when it is its turn. */
import { easysync } from "padfleet-client";

/** A selection, in UTF-16 code units. */
export interface Caret {
  anchor: number;
  head: number;
}

export interface Step {
  /** Leads back from the text now. */
  changeset: string;
  /** The selection that was there, in the text that it leads to. */
  caret: Caret;
}

/** How much is kept on each side. */
export interface Limits {
  steps: number;
  /** UTF-16 code units of changesets. The newest step is kept at any length. */
  units: number;
}

export const LIMITS: Limits = { steps: 400, units: 4_000_000 };

/**
 * What others did after a step and before the next, as changesets that are composed when there is
 * need. Of two neighbours the later one is the shorter, so adding one costs little even when there
 * have been very many.
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

  /** All of them as one; null if there are none. */
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

  /** The newest step, for the text now; null if there is none. */
  top(): Step | null {
    const top = this.steps.at(-1);
    if (top === undefined) return null;
    const theirs = top.since.take(this.pool);
    if (theirs !== null) {
      // Ours comes first where both insert, as with edits that wait to be sent.
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

  /** Another changeset from the text now to where the newest step leads; its selection stays. */
  replaceTop(changeset: string): void {
    const top = this.steps.at(-1);
    if (top !== undefined) top.changeset = changeset;
    this.trim();
  }

  /** Makes `more` part of the newest step: what is older begins after it. */
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

/** Where a position is after changes: before what is inserted right there. */
function mapPosition(position: number, changes: readonly easysync.TextChange[]): number {
  let moved = 0;
  for (const { from, to, insert } of changes) {
    if (from >= position) break;
    if (to > position) return from + moved;
    moved += insert.length - (to - from);
  }
  return position + moved;
}
