/**
 * Where the others have their cursors. Pure: places are told in a revision of the pad, and carried
 * along over what was changed since, on the way out and on the way in.
 */
import { textChanges, type TextChange } from "./easysync/index.js";

/** A cursor, or a selection from `anchor` to `head`, in UTF-16 code units of the text that is seen. */
export interface Cursor {
  anchor: number;
  head: number;
}

/** The same in the pad at `rev`; null for both says that there is none any more. */
export interface Place {
  rev: number;
  anchor: number | null;
  head: number | null;
}

/** What the others are told of an own cursor, and what they tell. */
export interface Told extends Place {
  userId: string;
}

/** A revision, as far as it moves cursors. */
class Step {
  private read: TextChange[] | null = null;

  constructor(
    readonly rev: number,
    readonly author: string,
    private readonly changeset: string,
  ) {}

  /** Read when there is a cursor to be moved, and once. */
  get changes(): readonly TextChange[] {
    return (this.read ??= textChanges(this.changeset));
  }
}

/** Revisions that are kept to carry older places along; who is further behind than that, waits. */
const KEPT = 200;

/**
 * Where a position is after `changes`: before what is inserted right there, or with `after`, behind
 * it.
 */
export function carried(position: number, changes: readonly TextChange[], after: boolean): number {
  let moved = 0;
  for (const { from, to, insert } of changes) {
    if (from > position || (from === position && to === from && !after)) break;
    if (to > position) return from + moved + (after ? insert.length : 0);
    moved += insert.length - (to - from);
  }
  return position + moved;
}

/** Where a position of the text after `changes` was before them; of what is new, where it came in. */
export function carriedBack(position: number, changes: readonly TextChange[]): number {
  let moved = 0; // by how much what comes next stands further on in the text after
  for (const { from, to, insert } of changes) {
    if (position <= from + moved) break;
    if (position <= from + moved + insert.length) return to;
    moved += insert.length - (to - from);
  }
  return position - moved;
}

export class Cursors {
  private readonly steps: Step[] = [];
  /** In the newest revision, or in one that is yet to come. */
  private readonly places = new Map<string, Place>();

  /** `me` is the author whose own places are of no interest. */
  constructor(
    private readonly me: string,
    private rev: number,
  ) {}

  /** The revision `rev` has come, with what it did to the pad. */
  revision(rev: number, author: string, changeset: string): void {
    const step = new Step(rev, author, changeset);
    this.rev = rev;
    this.steps.push(step);
    if (this.steps.length > KEPT) this.steps.shift();
    for (const [id, place] of this.places) {
      if (place.rev === rev - 1) this.places.set(id, over(place, step, id));
    }
  }

  /** Somebody has told where his cursor is. False if that changes nothing. */
  told({ userId, ...place }: Told): boolean {
    if (userId === this.me) return false;
    if (place.anchor === null || place.head === null) return this.places.delete(userId);
    if (place.rev < this.rev - this.steps.length) return false; // too long ago to be carried along
    let now: Place = place;
    for (const step of this.steps) if (step.rev > place.rev) now = over(now, step, userId);
    this.places.set(userId, now);
    return true;
  }

  /** Somebody has left. */
  left(userId: string): boolean {
    return this.places.delete(userId);
  }

  clear(): void {
    this.places.clear();
  }

  /**
   * Where they are in the text that is seen, which has `length` units: the pad with `own`, the
   * changesets that are on their way to it.
   */
  seen(own: readonly string[], length: number): Map<string, Cursor> {
    const changes = own.map((changeset) => textChanges(changeset));
    const within = (position: number): number => {
      const at = changes.reduce((place, change) => carried(place, change, false), position);
      return Math.min(Math.max(at, 0), length);
    };
    const found = new Map<string, Cursor>();
    for (const [id, { rev, anchor, head }] of this.places) {
      // What they have seen and we have not, we cannot show yet.
      if (rev !== this.rev || anchor === null || head === null) continue;
      found.set(id, { anchor: within(anchor), head: within(head) });
    }
    return found;
  }

  /** What to tell the others of a cursor in the text that is seen; `own` as above. */
  place({ anchor, head }: Cursor, own: readonly string[]): Place {
    const changes = own.map((changeset) => textChanges(changeset)).reverse();
    const back = (position: number): number =>
      changes.reduce((place, change) => carriedBack(place, change), position);
    return { rev: this.rev, anchor: back(anchor), head: back(head) };
  }
}

/** A place of `id` after one more revision: whoever types has the cursor behind what he types. */
function over({ anchor, head }: Place, { rev, author, changes }: Step, id: string): Place {
  const carry = (position: number | null): number | null =>
    position === null ? null : carried(position, changes, author === id);
  return { rev, anchor: carry(anchor), head: carry(head) };
}
