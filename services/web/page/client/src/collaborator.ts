/**
 * The client's side of Easysync. It is pure: it has neither a socket nor a clock.
 *
 * It holds the pad's text at `rev`, the changeset in flight to the server, and the later edits that
 * wait (`ownedits`). `body` is the result of all three, which the user sees.
 */
import { Cursors } from "./cursors.js";
import {
  type AText,
  attribsString,
  type Attribute,
  AttributePool,
  Body,
  Builder,
  encodeAttribs,
  isIdentity,
  makeSplice,
  moveToPool,
  textChanges,
  type TextChange,
  withoutControls,
  unpack,
} from "./easysync/index.js";
import { OutOfRange, ProtocolError } from "./errors.js";
import type { ClientReconnect, CollabVars, NewChanges, Revision, Submission } from "./messages.js";
import { OwnEdits } from "./ownedits.js";
import { checkAttributes, type SplitLimits } from "./submissionsize.js";

/**
 * A revision that this client did not submit has been applied. There is one such event per
 * revision, even for revisions that arrive in one message.
 */
export interface Changed {
  kind: "changed";
  rev: number;
  author: string;
  /** What the revision did to the visible text, in the numbers of the collaborator's pool. */
  changeset: string;
  /** The same change as splices, in positions of the text before it. */
  changes: TextChange[];
  /** The time of the commit, in ms since 1970, if the server has sent it. */
  time: number | undefined;
}

/** The submission in flight has become revision `rev` of the pad. */
export interface Accepted {
  kind: "accepted";
  rev: number;
}

export class Collaborator {
  /** The visible document, including own edits that have not been accepted. Do not modify it. */
  readonly body: Body;
  readonly pool: AttributePool;
  /** The pad without own edits. Null while there are none, since `body` is the same then. */
  private base: Body | null = null;
  private readonly own: OwnEdits;
  private currentRev: number;

  /** Other people's cursors, in the pad without own edits. */
  readonly cursors: Cursors;

  /** `limits` is what the server accepts in one submission; null while that is unknown. */
  constructor(
    variables: CollabVars,
    readonly author: string,
    limits: SplitLimits | null = null,
  ) {
    this.currentRev = variables.rev;
    this.cursors = new Cursors(author, variables.rev);
    this.pool = AttributePool.from(variables.apool);
    this.own = new OwnEdits(this.pool, limits);
    this.body = Body.fromAText(variables.initialAttributedText);
  }

  /** Sets what the server accepts in one submission; null while that is unknown. */
  set limits(limits: SplitLimits | null) {
    this.own.limits = limits;
  }

  /** The newest revision that has been applied. */
  get rev(): number {
    return this.currentRev;
  }

  get text(): string {
    return this.body.text;
  }

  /** The pad at `rev`, without own edits. This takes a pass over the document. */
  get accepted(): AText {
    return (this.base ?? this.body).toAText();
  }

  /** Whether all edits have been accepted. */
  get settled(): boolean {
    return !this.submitting && !this.hasWaiting;
  }

  /** Whether there are edits that have not been submitted yet. */
  get hasWaiting(): boolean {
    return this.own.hasWaiting;
  }

  /** Whether a submission is on its way to the server. */
  get submitting(): boolean {
    return this.own.inFlight !== null;
  }

  /**
   * Own edits that have not been accepted, as successive changesets that lead from the pad to
   * `body`.
   */
  get underWay(): readonly string[] {
    return this.own.changesets;
  }

  /** Whether everything that was missed during a lost connection has arrived. */
  get upToDate(): boolean {
    return !this.own.resuming;
  }

  /**
   * Replaces `removed` code units at `start` with `inserted`, which gets this author and
   * `attributes`. Line ends become "\n", and other control characters but the tab are left out,
   * since no pad contains them. Returns the edit as a changeset. Throws the errors of `applyOwn`.
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

  /**
   * Sets attributes on `[from, to)`; the value "" removes an attribute. Returns the edit as a
   * changeset. Throws the errors of `applyOwn`.
   */
  format(from: number, to: number, attributes: Iterable<Attribute>): string {
    this.checkRange(from, to);
    const attribs = encodeAttribs(attributes, this.pool, false);
    const { text } = this;
    const builder = new Builder(text.length).keepText(text.slice(0, from));
    return this.applyOwn(builder.keepText(text.slice(from, to), attribs).toChangeset());
  }

  /** Returns the attribute string of new text by this author, in the numbers of `pool`. */
  ownAttribs(attributes: Iterable<Attribute> = []): string {
    const chosen = new Map(attributes);
    chosen.set("author", this.author);
    return attribsString(
      [...chosen].filter(([, value]) => value !== ""),
      this.pool,
    );
  }

  /**
   * Applies an edit of `text`, given as a changeset in the numbers of `pool`, and returns it. On an
   * error nothing changes. Throws `EasysyncError` if the changeset does not fit the text,
   * `OutOfRange` if the text would no longer end with a newline, and `TooLarge` for an attribute
   * that the server has no room for.
   */
  applyOwn(changeset: string): string {
    if (isIdentity(changeset)) return changeset;
    const { limits } = this.own;
    if (limits !== null) checkAttributes(changeset, this.pool, limits);
    this.checkEnd(changeset);
    const waiting = this.own.withEdit(changeset);
    const base = this.base ?? this.body.clone();
    this.body.apply(changeset, this.pool);
    this.base = base;
    this.own.waiting = waiting;
    return changeset;
  }

  /**
   * Returns the USER_CHANGES to send next, or null if none is due. Only one submission is in flight
   * at a time. Throws `TooLarge` if the waiting edits cannot be split into parts that this server
   * accepts.
   */
  nextSubmission(): Submission | null {
    const due = this.own.submit();
    if (due === null) {
      if (this.settled) this.base = null;
      return null;
    }
    return {
      type: "USER_CHANGES",
      baseRev: this.currentRev,
      changeset: due.translated,
      apool: due.pool.toJSON(),
    };
  }

  /**
   * The edits that have not been accepted, as successive changesets, and the text at `rev` that the
   * first one applies to. This copies the text.
   */
  get unsent(): { base: string; changesets: string[] } {
    return { base: (this.base ?? this.body).text, changesets: this.own.changesets };
  }

  /**
   * Takes over the edits of an earlier page, which apply to the text at `rev`. As after a lost
   * connection, it is unknown whether the first one was accepted. The collaborator must not have
   * any edits.
   */
  restore(changesets: readonly string[]): void {
    if (changesets.length === 0) return;
    this.base = this.body.clone();
    for (const changeset of changesets) this.body.apply(changeset, this.pool);
    this.own.restore(changesets);
  }

  /**
   * Notes that the connection is lost. Nothing is submitted until the missed revisions have
   * arrived.
   */
  connectionLost(): void {
    this.own.connectionLost();
  }

  /**
   * Notes the server's name for the session on this connection. It may arrive after a submission in
   * that session, which then gets the name. A submission in flight from before the connection keeps
   * the name of its own session.
   */
  inSession(session: string): void {
    this.own.inSession(session);
  }

  /**
   * Applies a message. Each revision is applied only when its event is requested from the
   * generator, so `text` and `rev` match the event even in the middle of a batch. Throws
   * `ProtocolError`.
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
          this.own.resumed();
          return;
        }
        yield this.catchUp(message);
        if (message.newRev === message.headRev) this.own.resumed();
    }
  }

  private catchUp(missed: Exclude<ClientReconnect, { noChanges: true }>): Changed | Accepted {
    const ours = missed.author === this.author && this.own.isInFlight(missed);
    return ours ? this.accept(missed.newRev, false) : this.change(missed);
  }

  private accept(rev: number, unchanged: boolean): Accepted {
    const mine = this.own.inFlight;
    if (mine === null || this.base === null) {
      throw new ProtocolError(`ACCEPT_COMMIT of revision ${rev}, but nothing was submitted`);
    }
    if (!unchanged && rev !== this.currentRev + 1) this.outOfPlace(rev);
    const before = this.base.text;
    this.base.apply(mine, this.pool);
    if (unchanged && this.base.text !== before) {
      throw new ProtocolError(`a change of the text was accepted without one to revision ${rev}`);
    }
    if (rev !== this.currentRev) {
      this.cursors.revision(rev, this.author, mine);
    }
    this.own.accepted();
    if (!this.hasWaiting) this.base = null;
    this.currentRev = rev;
    return { kind: "accepted", rev };
  }

  private change(revision: Omit<NewChanges, "type">): Changed {
    const { newRev: rev } = revision;
    if (rev !== this.currentRev + 1) this.outOfPlace(rev);
    const wire = AttributePool.from(revision.apool);
    const written = moveToPool(revision.changeset, wire, this.pool);
    this.base?.apply(written, this.pool);
    this.cursors.revision(rev, revision.author ?? "", written);
    const theirs = this.own.carryOver(written);
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

  /**
   * Throws `OutOfRange` for an edit after which the pad would not end with a newline; servers
   * refuse those.
   */
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
