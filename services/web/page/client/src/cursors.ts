/**
 * The positions of other people's cursors. It is pure. Positions refer to a revision of the pad,
 * and are carried over the changes since then, both when they arrive and when they are sent.
 */
import { textChanges, type TextChange } from "./easysync/index.js";

/** A cursor, or a selection from `anchor` to `head`, in UTF-16 code units of the visible text. */
export interface Cursor {
  anchor: number;
  head: number;
}

/** A cursor in the pad at `rev`. If both positions are null, there is no cursor any more. */
export interface CursorPlace {
  rev: number;
  anchor: number | null;
  head: number | null;
}

/** A cursor as clients tell it to each other. */
export interface ReportedCursor extends CursorPlace {
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

  /**
   * What the revision does to the text. It is read only when there is a cursor to move, and once.
   */
  get changes(): readonly TextChange[] {
    return (this.read ??= textChanges(this.changeset));
  }
}

/** How many revisions are kept in order to carry older positions forward. */
const KEPT = 200;

/**
 * Returns where a position is after `changes`. It stays in front of text that is inserted right
 * there, or with `after`, moves behind it.
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

/**
 * Returns where a position in the text after `changes` was in the text before them. A position
 * within new text becomes the place where that text was inserted.
 */
export function carriedBack(position: number, changes: readonly TextChange[]): number {
  let moved = 0; // by how much the next change is shifted in the text after
  for (const { from, to, insert } of changes) {
    if (position <= from + moved) break;
    if (position <= from + moved + insert.length) return to;
    moved += insert.length - (to - from);
  }
  return position - moved;
}

export class Cursors {
  private readonly steps: Step[] = [];
  /** Places in the newest revision, or in one that has not arrived yet. */
  private readonly places = new Map<string, CursorPlace>();

  /** `me` is the author whose own places are ignored. */
  constructor(
    private readonly me: string,
    private rev: number,
  ) {}

  /** Carries the places over revision `rev`, which has just been applied. */
  revision(rev: number, author: string, changeset: string): void {
    const step = new Step(rev, author, changeset);
    this.rev = rev;
    this.steps.push(step);
    if (this.steps.length > KEPT) this.steps.shift();
    for (const [id, place] of this.places) {
      if (place.rev === rev - 1) this.places.set(id, over(place, step, id));
    }
  }

  /** Takes in the place of somebody's cursor. Returns whether that changes anything. */
  reported({ userId, ...place }: ReportedCursor): boolean {
    if (userId === this.me) return false;
    if (place.anchor === null || place.head === null) return this.places.delete(userId);
    // it is too old to be carried forward
    if (place.rev < this.rev - this.steps.length) return false;
    let now: CursorPlace = place;
    for (const step of this.steps) if (step.rev > place.rev) now = over(now, step, userId);
    this.places.set(userId, now);
    return true;
  }

  /** Removes the cursor of an author who has left. Returns whether there was one. */
  left(userId: string): boolean {
    return this.places.delete(userId);
  }

  clear(): void {
    this.places.clear();
  }

  /**
   * Returns the cursors by author, in the visible text of `length` code units. That text is the pad
   * with `own`, the changesets that have not been accepted yet.
   */
  seen(own: readonly string[], length: number): Map<string, Cursor> {
    const changes = own.map((changeset) => textChanges(changeset));
    const within = (position: number): number => {
      const at = changes.reduce((place, change) => carried(place, change, false), position);
      return Math.min(Math.max(at, 0), length);
    };
    const found = new Map<string, Cursor>();
    for (const [id, { rev, anchor, head }] of this.places) {
      // A place in a revision that has not arrived here yet cannot be shown.
      if (rev !== this.rev || anchor === null || head === null) continue;
      found.set(id, { anchor: within(anchor), head: within(head) });
    }
    return found;
  }

  /** Returns the place to tell others for a cursor in the visible text. `own` is as for `seen`. */
  place({ anchor, head }: Cursor, own: readonly string[]): CursorPlace {
    const changes = own.map((changeset) => textChanges(changeset)).reverse();
    const back = (position: number): number =>
      changes.reduce((place, change) => carriedBack(place, change), position);
    return { rev: this.rev, anchor: back(anchor), head: back(head) };
  }
}

/**
 * Returns a place of the author `id` after one more revision. The cursor of the revision's author
 * ends up behind the text that they have inserted there.
 */
function over(
  { anchor, head }: CursorPlace,
  { rev, author, changes }: Step,
  id: string,
): CursorPlace {
  const carry = (position: number | null): number | null =>
    position === null ? null : carried(position, changes, author === id);
  return { rev, anchor: carry(anchor), head: carry(head) };
}
