/**
 * The client's side of Easysync: pure, without a socket or a clock.
 *
 * What is known of a pad is its text at `rev`, the changeset in flight to the server, and the edits
 * made since, which wait. `body` is all three together: what the user sees.
 */
import { Cursors } from "./cursors.js";
import {
  type AText,
  attribsOf,
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
  withoutControls,
  unpack,
} from "./easysync/index.js";
import { parseOps } from "./easysync/ops.js";
import { OutOfRange } from "./errors.js";
import type { ClientReconnect, CollabVars, NewChanges, Revision, Submission } from "./messages.js";
import { checkAttributes, fits, type Room, split } from "./splitting.js";

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

/** Own edits on their way to the server, as one revision. */
interface Draft {
  changeset: string;
  /** In which it was submitted, if the server says what that is called. */
  session: string;
}

export class Collaborator {
  /** What the user sees, with own edits that are under way. To be read only. */
  readonly body: Body;
  readonly pool: AttributePool;
  /** The pad without own edits; null while there are none, when it is the same as `body`. */
  private base: Body | null = null;
  private inFlight: Draft | null = null;
  /** Parts of what was too large for one submission, which go out one after the other. */
  private parts: string[] = [];
  private waiting: string | null = null;
  private resuming = false;
  private currentRev: number;

  /** Where the others have their cursors, in the pad without own edits. */
  readonly cursors: Cursors;

  /** What the server calls the session at hand; "" where it does not say, or has not yet. */
  private session = "";

  /** `room` is what the server takes in one submission; null while that is not known. */
  constructor(
    variables: CollabVars,
    readonly author: string,
    public room: Room | null = null,
  ) {
    this.currentRev = variables.rev;
    this.cursors = new Cursors(author, variables.rev);
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
    return this.inFlight === null && !this.hasWaiting;
  }

  /** Whether there are edits that have not been submitted yet. */
  get hasWaiting(): boolean {
    return this.waiting !== null || this.parts.length > 0;
  }

  /** Whether a submission is under way to the server. */
  get submitting(): boolean {
    return this.inFlight !== null;
  }

  /** Own edits that have not been accepted, one after the other: what leads from the pad to `body`. */
  get underWay(): readonly string[] {
    const sent = this.inFlight === null ? [] : [this.inFlight.changeset];
    return [...sent, ...this.parts, ...(this.waiting === null ? [] : [this.waiting])];
  }

  /** Whether all that was missed while there was no connection has come in. */
  get upToDate(): boolean {
    return !this.resuming;
  }

  /**
   * Replaces `removed` code units at `start`; text gets this author and `attributes`. Returns what
   * was done as a changeset. Throws as `applyOwn` does. What no pad holds is left out of `inserted`:
   * controls, and of line ends all but "\n".
   */
  edit(
    start: number,
    removed: number,
    inserted: string,
    attributes: Iterable<Attribute> = [],
  ): string {
    this.checkRange(start, start + removed);
    const text = withoutControls(inserted);
    const mine: Attribute[] = text === "" ? [] : [...attributes, ["author", this.author]];
    return this.applyOwn(makeSplice(this.text, start, removed, text, mine, this.pool));
  }

  /** Sets attributes on `[from, to)`; the value "" takes one away. Returns the changeset. */
  format(from: number, to: number, attributes: Iterable<Attribute>): string {
    this.checkRange(from, to);
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
   * An edit of `text` as a changeset in the numbers of `pool`; returns it. Throws, and changes
   * nothing: `EasysyncError` when it does not fit, `OutOfRange` where the text would not end in a
   * newline any more, `TooLarge` for an attribute that the server has no room for.
   */
  applyOwn(changeset: string): string {
    if (isIdentity(changeset)) return changeset;
    if (this.room !== null) checkAttributes(changeset, this.pool, this.room);
    this.checkEnd(changeset);
    const waiting = this.waiting === null ? changeset : compose(this.waiting, changeset, this.pool);
    const base = this.base ?? this.body.clone();
    this.body.apply(changeset, this.pool);
    this.base = base;
    this.waiting = waiting;
    return changeset;
  }

  /**
   * The USER_CHANGES that is due, if one is: one at a time is in flight. Throws `TooLarge` when what
   * waits cannot be split so that this server takes it.
   */
  nextSubmission(): Submission | null {
    if (this.resuming || this.inFlight !== null) return null;
    for (;;) {
      const next = this.parts[0] ?? this.waiting;
      if (next === null || next === undefined) break;
      if (!isIdentity(next)) return this.submission(next);
      this.takeFirst(); // edits that cancel each other out
    }
    this.base = null;
    return null;
  }

  private submission(next: string): Submission {
    let changeset = next;
    let wire = prepareForWire(changeset, this.pool);
    let rest: string[] = [];
    if (this.room !== null && !fits(wire.translated, wire.pool, this.room)) {
      [changeset = next, ...rest] = split(next, this.pool, this.room);
      wire = prepareForWire(changeset, this.pool);
    }
    this.takeFirst();
    this.parts.unshift(...rest);
    this.inFlight = { changeset, session: this.session };
    return {
      type: "USER_CHANGES",
      baseRev: this.currentRev,
      changeset: wire.translated,
      apool: wire.pool.toJSON(),
    };
  }

  private takeFirst(): void {
    if (this.parts.length > 0) this.parts.shift();
    else this.waiting = null;
  }

  /**
   * What has not been accepted, one after the other, and the text at `rev` that it is for. Costs a
   * copy of the text.
   */
  get unsent(): { base: string; changesets: string[] } {
    const changesets = [...this.parts];
    if (this.inFlight !== null) changesets.unshift(this.inFlight.changeset);
    if (this.waiting !== null) changesets.push(this.waiting);
    return { base: (this.base ?? this.body).text, changesets };
  }

  /**
   * Takes up edits of an earlier page on the text at `rev`, as a client that returns: of the first,
   * it is not known whether it was accepted. For a collaborator without edits.
   */
  restore(changesets: readonly string[]): void {
    const [first, ...rest] = changesets;
    if (first === undefined) return;
    this.base = this.body.clone();
    for (const changeset of changesets) this.body.apply(changeset, this.pool);
    this.inFlight = { changeset: first, session: "" };
    this.parts = rest;
    this.resuming = true;
  }

  /** Until what was missed has come in, nothing is submitted. */
  connectionLost(): void {
    this.resuming = true;
    this.session = "";
  }

  /**
   * What the server calls the session on this connection. It may say so after something has been
   * submitted in it; what is in flight from before the connection is of another one.
   */
  inSession(session: string): void {
    this.session = session;
    if (this.inFlight !== null && !this.resuming) this.inFlight.session = session;
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
    return this.isAnswer(missed) ? this.accept(missed.newRev, false) : this.change(missed);
  }

  /**
   * Whether a missed revision is what was in flight, and not that of another session of the same
   * author, who may have several tabs.
   */
  private isAnswer({
    author,
    origin = "",
    newRev,
    changeset,
    apool,
  }: Exclude<ClientReconnect, { noChanges: true }>): boolean {
    if (this.inFlight === null || author !== this.author) return false;
    const { changeset: mine, session } = this.inFlight;
    const known = origin !== "" && session !== "";
    if (known && origin !== session) return false;
    // Rebased here as there, it is the same. Where the server does not say whose it is, two that are
    // the same cannot be told apart.
    const theirs = moveToPool(changeset, AttributePool.from(apool), this.pool);
    const same = theirs === mine || sorted(theirs, this.pool) === sorted(mine, this.pool);
    if (known && !same) {
      throw new ProtocolError(`revision ${newRev} is ours, but not what was submitted`);
    }
    return same;
  }

  /** All that was missed is here: what still is in flight was never taken, and is sent again. */
  private resumed(): void {
    this.resuming = false;
    if (this.inFlight === null) return;
    const { changeset } = this.inFlight;
    if (this.parts.length > 0) this.parts.unshift(changeset);
    else if (this.waiting === null) this.waiting = changeset;
    else this.waiting = compose(changeset, this.waiting, this.pool);
    this.inFlight = null;
  }

  private accept(rev: number, unchanged: boolean): Accepted {
    if (this.inFlight === null || this.base === null) {
      throw new ProtocolError(`ACCEPT_COMMIT of revision ${rev}, but nothing was submitted`);
    }
    if (!unchanged && rev !== this.currentRev + 1) this.outOfPlace(rev);
    const before = this.base.text;
    this.base.apply(this.inFlight.changeset, this.pool);
    if (unchanged && this.base.text !== before) {
      throw new ProtocolError(`a change of the text was accepted without one to revision ${rev}`);
    }
    if (rev !== this.currentRev) {
      this.cursors.revision(rev, this.author, this.inFlight.changeset);
    }
    this.inFlight = null;
    if (!this.hasWaiting) this.base = null;
    this.currentRev = rev;
    return { kind: "accepted", rev };
  }

  private change(revision: Omit<NewChanges, "type">): Changed {
    const { newRev: rev } = revision;
    if (rev !== this.currentRev + 1) this.outOfPlace(rev);
    const wire = AttributePool.from(revision.apool);
    let theirs = moveToPool(revision.changeset, wire, this.pool);
    this.base?.apply(theirs, this.pool);
    this.cursors.revision(rev, revision.author ?? "", theirs);
    // In flight, ours comes after theirs, as the server will have it; what still waits will be
    // submitted on top of theirs, and goes wherever the user is better served.
    if (this.inFlight !== null) {
      const mine = this.inFlight.changeset;
      this.inFlight.changeset = follow(theirs, mine, this.pool);
      theirs = follow(mine, theirs, this.pool, true);
    }
    const over = (mine: string): string => {
      const moved = follow(theirs, mine, this.pool, true);
      theirs = follow(mine, theirs, this.pool);
      return moved;
    };
    this.parts = this.parts.map(over);
    if (this.waiting !== null) this.waiting = over(this.waiting);
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

  private checkRange(from: number, to: number): void {
    const { length } = this.text;
    if (Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= length)
      return;
    throw new OutOfRange(`${from} to ${to} is no part of a text that has ${length} code units`);
  }

  /** Servers refuse whatever leaves a pad without the newline at its end. */
  private checkEnd(changeset: string): void {
    const last = textChanges(changeset).at(-1);
    if (last === undefined || last.to < unpack(changeset).oldLength) return;
    const { text } = this;
    const end = last.insert === "" ? text.charAt(last.from - 1) : last.insert.slice(-1);
    if (text.endsWith("\n") && end !== "\n") {
      throw new OutOfRange("the newline at the end of the text has to stay, and nothing after it");
    }
  }

  private outOfPlace(rev: number): never {
    throw new ProtocolError(`revision ${rev} came at revision ${this.currentRev}`);
  }
}

/** A changeset with the attributes of each op in one order. */
function sorted(changeset: string, pool: AttributePool): string {
  const { oldLength, newLength, ops, bank } = unpack(changeset);
  const each = parseOps(ops).map(({ opcode, chars, lines, attribs }) => {
    return [opcode, chars, lines, [...attribsOf(attribs, pool)].sort()];
  });
  return JSON.stringify([oldLength, newLength, each, bank]);
}
