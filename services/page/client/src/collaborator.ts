/**
 * The client's side of Easysync: pure, without a socket or a clock.
 *
 * What is known of a pad is its text at `rev`, the changeset in flight to the server, and the edits
 * made since, which wait. `body` is all three together: what the user sees.
 */
import {
  type AText,
  applyToText,
  attribsString,
  type Attribute,
  AttributePool,
  Body,
  Builder,
  compose,
  encodeAttribs,
  follow,
  isIdentity,
  makeSplice,
  moveToPool,
  prepareForWire,
  textChanges,
  type TextChange,
} from "./easysync/index.js";
import type { ClientReconnect, CollabVars, NewChanges, Revision, Submission } from "./messages.js";

/** The server sent what cannot follow: a gap, a repetition, an answer to nothing, nonsense. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/**
 * A revision of somebody else has been taken in. There is one of these for each revision, also for
 * those that came in one message.
 */
export interface Changed {
  kind: "changed";
  rev: number;
  author: string;
  /** What it did to the text that is seen, in the numbers of the collaborator's pool. */
  changeset: string;
  /** The same as splices, in positions of the text before. */
  changes: TextChange[];
  /** When it was committed, in ms since 1970, if the server said so. */
  time: number | undefined;
}

/** The submission in flight has become part of the pad, as `rev`. */
export interface Accepted {
  kind: "accepted";
  rev: number;
}

export class Collaborator {
  /** What the user sees, with own edits that are under way. To be read only. */
  readonly body: Body;
  readonly pool: AttributePool;
  /** The pad without own edits; null while there are none, when it is the same as `body`. */
  private base: Body | null = null;
  private inFlight: string | null = null;
  private waiting: string | null = null;
  private resuming = false;
  private currentRev: number;

  constructor(
    variables: CollabVars,
    readonly author: string,
  ) {
    this.currentRev = variables.rev;
    this.pool = AttributePool.from(variables.apool);
    this.body = Body.fromAText(variables.initialAttributedText);
  }

  /** The newest revision that has been taken in. */
  get rev(): number {
    return this.currentRev;
  }

  get text(): string {
    return this.body.text;
  }

  /** The pad at `rev`, without own edits. Costs a pass over the document. */
  get accepted(): AText {
    return (this.base ?? this.body).toAText();
  }

  /** Whether every edit has been accepted. */
  get settled(): boolean {
    return this.inFlight === null && this.waiting === null;
  }

  get hasWaiting(): boolean {
    return this.waiting !== null;
  }

  get submitting(): boolean {
    return this.inFlight !== null;
  }

  /** Whether all that was missed while there was no connection has come in. */
  get upToDate(): boolean {
    return !this.resuming;
  }

  /**
   * Replaces `removed` code units at `start`; text gets this author and `attributes`. Returns what
   * was done as a changeset.
   */
  edit(
    start: number,
    removed: number,
    inserted: string,
    attributes: Iterable<Attribute> = [],
  ): string {
    const mine: Attribute[] = inserted === "" ? [] : [...attributes, ["author", this.author]];
    return this.applyOwn(makeSplice(this.text, start, removed, inserted, mine, this.pool));
  }

  /** Sets attributes on `[from, to)`; the value "" takes one away. Returns the changeset. */
  format(from: number, to: number, attributes: Iterable<Attribute>): string {
    const attribs = encodeAttribs(attributes, this.pool, false);
    const { text } = this;
    const builder = new Builder(text.length).keepText(text.slice(0, from));
    return this.applyOwn(builder.keepText(text.slice(from, to), attribs).toChangeset());
  }

  /** The attribute string of new text by this author, in the numbers of `pool`. */
  ownAttribs(attributes: Iterable<Attribute> = []): string {
    const chosen = new Map(attributes);
    chosen.set("author", this.author);
    return attribsString(
      [...chosen].filter(([, value]) => value !== ""),
      this.pool,
    );
  }

  /**
   * An edit of `text` as a changeset in the numbers of `pool`; returns it. Throws `EasysyncError`,
   * and changes nothing, when it does not fit.
   */
  applyOwn(changeset: string): string {
    if (isIdentity(changeset)) return changeset;
    const waiting = this.waiting === null ? changeset : compose(this.waiting, changeset, this.pool);
    const base = this.base ?? this.body.clone();
    this.body.apply(changeset, this.pool);
    this.base = base;
    this.waiting = waiting;
    return changeset;
  }

  /** The USER_CHANGES that is due, if one is: one at a time is in flight. */
  nextSubmission(): Submission | null {
    if (this.resuming || this.inFlight !== null || this.waiting === null) return null;
    const { waiting } = this;
    this.waiting = null;
    if (isIdentity(waiting)) {
      this.base = null; // edits that cancel each other out
      return null;
    }
    this.inFlight = waiting;
    const { translated, pool } = prepareForWire(waiting, this.pool);
    return {
      type: "USER_CHANGES",
      baseRev: this.currentRev,
      changeset: translated,
      apool: pool.toJSON(),
    };
  }

  /** Until what was missed has come in, nothing is submitted. */
  connectionLost(): void {
    this.resuming = true;
  }

  /**
   * Takes in a message. Each revision is taken in when its event is asked for, so that `text` and
   * `rev` are those of the event, also in the middle of a batch. Throws `ProtocolError`.
   */
  *receive(message: Revision): Generator<Changed | Accepted> {
    try {
      yield* this.takeIn(message);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      const what = `${message.type} that makes no sense at revision ${this.currentRev}`;
      throw new ProtocolError(`${what}: ${String(error)}`, { cause: error });
    }
  }

  private *takeIn(message: Revision): Generator<Changed | Accepted> {
    switch (message.type) {
      case "NEW_CHANGES":
        yield this.change(message);
        break;
      case "NEW_CHANGES_BATCH":
        for (const change of message.changes) yield this.change(change);
        break;
      case "ACCEPT_COMMIT":
        yield this.accept(message.newRev, message.newRev === this.currentRev);
        break;
      case "CLIENT_RECONNECT":
        if (message.noChanges) {
          if (message.newRev !== this.currentRev) this.outOfPlace(message.newRev);
          this.resumed();
          return;
        }
        yield this.catchUp(message);
        if (message.newRev === message.headRev) this.resumed();
    }
  }

  private catchUp(missed: Exclude<ClientReconnect, { noChanges: true }>): Changed | Accepted {
    if (this.inFlight === null || missed.author !== this.author) return this.change(missed);
    const before = this.base ?? this.body;
    const expected = applyToText(missed.changeset, before.text);
    const accepted = this.accept(missed.newRev, false);
    // Taken for our answer unseen, a revision of another session of the same author would leave us
    // with a text that nobody else has.
    if ((this.base ?? this.body).text !== expected) {
      throw new ProtocolError(`revision ${accepted.rev} is ours, but not what was submitted`);
    }
    return accepted;
  }

  /** All that was missed is here: what still is in flight was never taken, and is sent again. */
  private resumed(): void {
    this.resuming = false;
    if (this.inFlight === null) return;
    this.waiting =
      this.waiting === null ? this.inFlight : compose(this.inFlight, this.waiting, this.pool);
    this.inFlight = null;
  }

  private accept(rev: number, unchanged: boolean): Accepted {
    if (this.inFlight === null || this.base === null) {
      throw new ProtocolError(`ACCEPT_COMMIT of revision ${rev}, but nothing was submitted`);
    }
    if (!unchanged && rev !== this.currentRev + 1) this.outOfPlace(rev);
    const before = this.base.text;
    this.base.apply(this.inFlight, this.pool);
    if (unchanged && this.base.text !== before) {
      throw new ProtocolError(`a change of the text was accepted without one to revision ${rev}`);
    }
    this.inFlight = null;
    if (this.waiting === null) this.base = null;
    this.currentRev = rev;
    return { kind: "accepted", rev };
  }

  private change(revision: Omit<NewChanges, "type">): Changed {
    const { newRev: rev } = revision;
    if (rev !== this.currentRev + 1) this.outOfPlace(rev);
    const wire = AttributePool.from(revision.apool);
    let theirs = moveToPool(revision.changeset, wire, this.pool);
    this.base?.apply(theirs, this.pool);
    // In flight, ours comes after theirs, as the server will have it; what still waits will be
    // submitted on top of theirs, and goes wherever the user is better served.
    if (this.inFlight !== null) {
      const mine = this.inFlight;
      this.inFlight = follow(theirs, mine, this.pool);
      theirs = follow(mine, theirs, this.pool, true);
    }
    if (this.waiting !== null) {
      const mine = this.waiting;
      this.waiting = follow(theirs, mine, this.pool, true);
      theirs = follow(mine, theirs, this.pool);
    }
    this.body.apply(theirs, this.pool);
    this.currentRev = rev;
    return {
      kind: "changed",
      rev,
      author: revision.author ?? "",
      changeset: theirs,
      changes: textChanges(theirs),
      time: revision.currentTime,
    };
  }

  private outOfPlace(rev: number): never {
    throw new ProtocolError(`revision ${rev} came at revision ${this.currentRev}`);
  }
}
