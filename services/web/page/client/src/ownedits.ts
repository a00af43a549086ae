/**
 * The edits of a client that have not been accepted yet: those in flight to the server, and those
 * that wait. It is pure.
 */
import {
  attribsOf,
  AttributePool,
  compose,
  follow,
  isIdentity,
  moveToPool,
  prepareForWire,
  unpack,
} from "./easysync/index.js";
import { parseOps } from "./easysync/ops.js";
import { ProtocolError } from "./errors.js";
import type { ClientReconnect } from "./messages.js";
import { split } from "./splitting.js";
import { fits, type SplitLimits } from "./submissionsize.js";

/** A revision that a client has missed. */
type Missed = Exclude<ClientReconnect, { noChanges: true }>;

/** What is in flight to the server. */
interface Submitted {
  changeset: string;
  /** The session in which it was submitted; "" if the server does not name sessions. */
  session: string;
}

/** One client's own edits, whose attributes have the numbers of `pool`. */
export class OwnEdits {
  private submitted: Submitted | null = null;
  /**
   * The parts of a change that was too large for one submission, which are submitted one after the
   * other.
   */
  private parts: string[] = [];
  /** The edits made after all others; null if there are none. */
  waiting: string | null = null;
  private lost = false;
  /** The server's name for the current session; "" if the server has not sent one. */
  private session = "";

  /** `limits` is what the server accepts in one submission; null while that is unknown. */
  constructor(
    private readonly pool: AttributePool,
    public limits: SplitLimits | null,
  ) {}

  /** The changeset that is in flight; null if there is none. */
  get inFlight(): string | null {
    return this.submitted?.changeset ?? null;
  }

  /** Whether there are edits that have not been submitted yet. */
  get hasWaiting(): boolean {
    return this.waiting !== null || this.parts.length > 0;
  }

  /** Whether the connection was lost, and not everything that was missed has arrived. */
  get resuming(): boolean {
    return this.lost;
  }

  /** All edits, as successive changesets. */
  get changesets(): string[] {
    const sent = this.submitted === null ? [] : [this.submitted.changeset];
    return [...sent, ...this.parts, ...(this.waiting === null ? [] : [this.waiting])];
  }

  /** Returns what `waiting` will be with an edit of the text that all edits lead to. */
  withEdit(changeset: string): string {
    return this.waiting === null ? changeset : compose(this.waiting, changeset, this.pool);
  }

  /**
   * Takes over the edits of an earlier page, of which it is unknown whether the first one was
   * accepted. There must not be any others.
   */
  restore([first = "", ...rest]: readonly string[]): void {
    this.submitted = { changeset: first, session: "" };
    this.parts = rest;
    this.lost = true;
  }

  // --- Sending ----------------------------------------------------------------------------------

  /**
   * Returns what to submit now, or null if nothing is due: only one submission is in flight at a
   * time. Throws `TooLarge` if it cannot be split into parts that this server accepts.
   */
  submit(): ReturnType<typeof prepareForWire> | null {
    if (this.lost || this.submitted !== null) return null;
    for (;;) {
      const next = this.parts[0] ?? this.waiting;
      if (next === null || next === undefined) return null;
      if (!isIdentity(next)) return this.submission(next);
      this.takeFirst(); // the edits cancel each other out
    }
  }

  private submission(next: string): ReturnType<typeof prepareForWire> {
    let changeset = next;
    let wire = prepareForWire(changeset, this.pool);
    let rest: string[] = [];
    if (this.limits !== null && !fits(wire.translated, wire.pool, this.limits)) {
      [changeset = next, ...rest] = split(next, this.pool, this.limits);
      wire = prepareForWire(changeset, this.pool);
    }
    this.takeFirst();
    this.parts.unshift(...rest);
    this.submitted = { changeset, session: this.session };
    return wire;
  }

  private takeFirst(): void {
    if (this.parts.length > 0) this.parts.shift();
    else this.waiting = null;
  }

  // --- The connection ---------------------------------------------------------------------------

  connectionLost(): void {
    this.lost = true;
    this.session = "";
  }

  /** Notes the server's name for the session; see `Collaborator.inSession`. */
  inSession(session: string): void {
    this.session = session;
    if (this.submitted !== null && !this.lost) this.submitted.session = session;
  }

  /**
   * Continues after all missed revisions have arrived. A submission that is still in flight was
   * never accepted, so it is submitted again.
   */
  resumed(): void {
    this.lost = false;
    if (this.submitted === null) return;
    const { changeset } = this.submitted;
    if (this.parts.length > 0) this.parts.unshift(changeset);
    else if (this.waiting === null) this.waiting = changeset;
    else this.waiting = compose(changeset, this.waiting, this.pool);
    this.submitted = null;
  }

  // --- What the server says ---------------------------------------------------------------------

  /**
   * Whether a missed revision of our own author is the submission in flight. It may instead come
   * from another session of the author, who may have several tabs open.
   */
  isInFlight({ origin = "", newRev, changeset, apool }: Missed): boolean {
    if (this.submitted === null) return false;
    const { changeset: mine, session } = this.submitted;
    const known = origin !== "" && session !== "";
    if (known && origin !== session) return false;
    // The submission has been rebased here as on the server, so the two changesets are the same. If
    // the server does not name sessions, equal changesets of two sessions cannot be told apart.
    const theirs = moveToPool(changeset, AttributePool.from(apool), this.pool);
    const same = theirs === mine || sorted(theirs, this.pool) === sorted(mine, this.pool);
    if (known && !same) {
      throw new ProtocolError(`revision ${newRev} is ours, but not what was submitted`);
    }
    return same;
  }

  /** Notes that what was in flight has been accepted. */
  accepted(): void {
    this.submitted = null;
  }

  /**
   * Carries all edits over somebody else's revision. Returns what that revision does to the text
   * that they lead to.
   */
  carryOver(revision: string): string {
    let theirs = revision;
    // The submission in flight comes after the new revision, because the server orders them like
    // that. Waiting edits will be submitted on top of the revision, so where both insert at one
    // place, their text stays in front, which serves the user better.
    if (this.submitted !== null) {
      const mine = this.submitted.changeset;
      this.submitted.changeset = follow(theirs, mine, this.pool);
      theirs = follow(mine, theirs, this.pool, true);
    }
    const over = (mine: string): string => {
      const moved = follow(theirs, mine, this.pool, true);
      theirs = follow(mine, theirs, this.pool);
      return moved;
    };
    this.parts = this.parts.map(over);
    if (this.waiting !== null) this.waiting = over(this.waiting);
    return theirs;
  }
}

/** Returns a changeset as text in which the attributes of each op are in a fixed order. */
function sorted(changeset: string, pool: AttributePool): string {
  const { oldLength, newLength, ops, bank } = unpack(changeset);
  const each = parseOps(ops).map(({ opcode, chars, lines, attribs }) => {
    return [opcode, chars, lines, [...attribsOf(attribs, pool)].sort()];
  });
  return JSON.stringify([oldLength, newLength, each, bank]);
}
