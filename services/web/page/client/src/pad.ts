/**
 * A pad over Socket.IO, with what callers do to it. `Conversation` handles the messages, and
 * `Collaborator` the edits.
 */
import type { Refused } from "./asking.js";
import type { Collaborator } from "./collaborator.js";
import type { Status } from "./connection.js";
import { Conversation } from "./conversation.js";
import type { Cursor } from "./cursors.js";
import type { Draft } from "./drafts.js";
import type { Attribute } from "./easysync/index.js";
import { EditRefused, SessionEnded } from "./errors.js";
import { Emitter } from "./events.js";
import { besideOwn, Keeper, remains } from "./keeping.js";
import type { ChangesetAnswer, ChatLine, ClientVars, PadSettings, Revision } from "./messages.js";
import type { PadOptions } from "./options.js";
import { ListenerError, type PadEvents } from "./padevents.js";
import type { People } from "./people.js";
import { newToken } from "./token.js";

/**
 * An open pad. It connects by itself, and again whenever the connection is lost, until `close` is
 * called or the server ends the session. Edits made without a connection are kept, and sent once.
 * After the end, methods that would have to reach the server throw `SessionEnded`, or reject with
 * it; if `refused` was given, it is called instead.
 *
 * Positions and lengths are in UTF-16 code units, like those of any JavaScript string.
 */
export class Pad extends Emitter<PadEvents> {
  readonly people: People;
  private readonly conversation: Conversation;
  private keeper: Keeper | null = null;

  /**
   * Opens a pad, and connects by itself. With several addresses (one pad on several servers), each
   * attempt uses the next one. Throws an `Error` if an address is not that of a pad.
   */
  constructor(
    urls: string | readonly string[],
    private readonly options: PadOptions = {},
  ) {
    super();
    this.conversation = new Conversation(
      typeof urls === "string" ? [urls] : urls,
      options,
      (name, value) => this.emit(name, value),
    );
    this.people = this.conversation.people;
    this.on("joined", () => void this.lookForDrafts());
    this.conversation.begin();
  }

  /**
   * Resolves when the pad has arrived. Rejects with `SessionEnded`, whose `reason` says why access
   * was refused.
   */
  joined(): Promise<ClientVars> {
    const here = this.conversation.joined;
    if (here !== null) return Promise.resolve(here);
    return new Promise((resolve, reject) => {
      this.on("joined", resolve);
      this.on("status", (now) => {
        if (now.state === "ended") reject(refusal(now.reason));
      });
      if (this.status.state === "ended") reject(refusal(this.status.reason));
    });
  }

  /** The state of the connection. */
  get status(): Status {
    return this.conversation.connection.status;
  }

  /** The CLIENT_VARS message. Throws before `joined`, as does everything that needs the pad. */
  get vars(): ClientVars {
    return this.conversation.vars;
  }

  /** The client's copy of the pad, without the connection. Throws before `joined`. */
  get state(): Collaborator {
    return this.conversation.state;
  }

  /** The text that the user sees, including own edits that have not been accepted. */
  get text(): string {
    return this.state.text;
  }

  /** The newest revision that has been applied. */
  get rev(): number {
    return this.state.rev;
  }

  /**
   * When `rev` was committed, in ms since 1970. For an own revision, this is when the answer
   * arrived. Undefined if the server does not send the time.
   */
  get time(): number | undefined {
    return this.conversation.time;
  }

  /** Whether the pad's address only allows reading. */
  get readOnly(): boolean {
    return this.vars.readonly;
  }

  /**
   * Replaces `removed` code units at `start` with `inserted`. The edit is sent as soon as possible,
   * in parts if it is larger than the server takes at once. On an error nothing changes. Throws
   * `OutOfRange` if the range exceeds the text or the newline at its end would be removed,
   * `TooLarge` for an attribute that the server has no room for, `SessionEnded`, or another
   * `EditRefused` if the address is read-only.
   */
  edit(
    start: number,
    removed: number,
    inserted: string,
    attributes: Iterable<Attribute> = [],
  ): void {
    this.edited(this.writable().edit(start, removed, inserted, attributes));
  }

  /**
   * Sets attributes on `[from, to)`, such as `[["bold", "true"]]`; the value "" removes an
   * attribute. Throws the errors of `edit`.
   */
  format(from: number, to: number, attributes: Iterable<Attribute>): void {
    this.edited(this.writable().format(from, to, attributes));
  }

  /**
   * Applies an edit of `text`, given as a changeset in the numbers of `state.pool`. Throws the
   * errors of `edit`, and `EasysyncError` if the changeset does not fit the text.
   */
  applyOwn(changeset: string): void {
    this.edited(this.writable().applyOwn(changeset));
  }

  /**
   * Resolves when all edits have been accepted. Rejects with `SessionEnded` if the session ends
   * before that.
   */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.state.settled) {
        resolve();
        return;
      }
      if (this.status.state === "ended") {
        reject(ended(this.status.reason));
        return;
      }
      const ends = [
        this.on("took", () => {
          if (this.state.settled) done(resolve);
        }),
        this.on("status", (now) => {
          if (now.state === "ended") done(() => reject(ended(now.reason)));
        }),
      ];
      const done = (then: () => void): void => {
        for (const end of ends) end();
        then();
      };
    });
  }

  /**
   * Tells the others a name and a colour ("#rrggbb"), which are sent again over each new
   * connection. `refused` is called with the reason if the server does not accept them.
   */
  introduce(name: string, color: string, refused?: Refused): void {
    if (refused === undefined) this.checkAlive();
    this.vars.userColor = color;
    this.vars.userName = name;
    this.options.name = name;
    this.options.color = color;
    this.people.here({ userId: this.vars.userId, name, colorId: color });
    this.emit("people", this.people.present);
    const userInfo = { userId: this.vars.userId, name, colorId: color, ip: "127.0.0.1" };
    // Nothing needs to be sent without a connection, since each join includes the name and colour.
    if (this.conversation.connection.open || this.status.state === "ended") {
      this.conversation.asking.send({ type: "USERINFO_UPDATE", userInfo }, (why) => {
        if (why !== undefined) refused?.(why);
      });
    }
  }

  /**
   * Writes a chat message, which comes back as a `chat` event. If the connection is lost before the
   * server has confirmed the message, it is sent again, provided that the server recognises
   * repetitions, and appears once. `refused` is called with the reason if the message was not
   * accepted.
   */
  say(text: string, refused?: Refused): void {
    const requestID = newToken();
    const message = { text, time: null, userId: null, userName: null, requestID };
    this.tell({ type: "CHAT_MESSAGE", message }, this.conversation.repeats, refused);
  }

  /** Returns the chat messages from `first` to `last`, both included, but at most 100. */
  async chatBetween(first: number, last: number): Promise<ChatLine[]> {
    this.checkAlive();
    return this.conversation.asking.chatBetween(first, last);
  }

  /** Returns all chat messages from `first` on, such as those written during an absence. */
  async chatFrom(first: number): Promise<ChatLine[]> {
    this.checkAlive();
    return this.conversation.asking.chatFrom(first);
  }

  /**
   * Marks the newest revision as one to find again. It comes back as a `saved` event. `refused` is
   * used as in `say`.
   */
  saveRevision(refused?: Refused): void {
    // This is not sent again, because the newest revision may be a different one by then.
    this.tell({ type: "SAVE_REVISION" }, false, refused);
  }

  /**
   * Whether the server tells the people on the pad, including this client, where other people's
   * cursors are.
   */
  get pointing(): boolean {
    return this.vars.cursors === true;
  }

  /**
   * Other people's cursors in `text`, by author, as far as they are known. They move with each
   * revision and each own edit, so read them again after `cursors`, `took` and `edited`.
   */
  get cursors(): ReadonlyMap<string, Cursor> {
    const { cursors, underWay, text } = this.state;
    return cursors.seen(underWay, text.length);
  }

  /**
   * Tells the others where the cursor is in `text`; null removes it. The server passes it on at
   * most five times a second. Does nothing if the server does not pass cursors on.
   */
  point(cursor: Cursor | null): void {
    this.checkAlive();
    if (!this.pointing) return;
    const { cursors, underWay, rev } = this.state;
    const nowhere = { rev, anchor: null, head: null };
    const place = cursor === null ? nowhere : cursors.place(cursor, underWay);
    this.conversation.asking.send({ type: "CURSOR", ...place });
  }

  /**
   * Changes the pad's settings for everybody; those that are not named stay. The change comes back
   * as a `settings` event. `refused` is used as in `say`.
   */
  changeSettings(options: PadSettings, refused?: Refused): void {
    const payload = { type: "padoptions", options, changedBy: this.vars.userName ?? "" };
    this.tell({ type: "CLIENT_MESSAGE", payload }, true, refused);
  }

  /**
   * Deletes the pad for everybody. The session then ends with the reason `deleted`. `token` is
   * needed unless the server knows this author as the pad's creator. If it is wrong, a `notice`
   * event follows.
   */
  delete(token?: string, refused?: Refused): void {
    const { padId } = this.vars;
    const data = token === undefined ? { padId } : { padId, deletionToken: token };
    this.tell({ type: "PAD_DELETE", data }, false, refused);
  }

  /**
   * Returns up to a hundred changesets of `granularity` revisions each, from `start` on. `History`
   * makes use of them.
   */
  async changesets(start: number, granularity: number): Promise<ChangesetAnswer> {
    this.checkAlive();
    return this.conversation.asking.changesetsOf(this.vars.padId, start, granularity);
  }

  /**
   * Repeats the edits of a page that was closed before they were accepted, as if that page were
   * still open. What has been accepted in the meantime is not repeated. Resolves to whether this
   * was possible. If the pad is no longer the one that the edits were made on, nothing changes.
   */
  async putBack(draft: Draft): Promise<boolean> {
    const left = await remains(draft, this.writable(), this.time, (start, granularity) =>
      this.changesets(start, granularity),
    );
    if (left === null) return false;
    // From here on nothing is awaited, because `left` is for the text of exactly this revision.
    if (left !== "") this.applyOwn(besideOwn(left, this.state));
    await this.discard(draft);
    return true;
  }

  /** Deletes a draft. */
  async discard(draft: Draft): Promise<void> {
    await this.options.drafts?.remove(draft.id);
  }

  /**
   * Saves the edits that have not been accepted to `drafts` at once. They are otherwise saved after
   * a short delay, but the page may be about to close.
   */
  async keep(): Promise<void> {
    await this.keeper?.now();
  }

  /**
   * Closes the connection until `reconnect` is called, and keeps edits. Call it when the network is
   * known to be gone. After the end of the session, neither has an effect.
   */
  suspend(): void {
    this.conversation.connection.suspend();
  }

  /** Connects now instead of at the next scheduled attempt, closing any current connection. */
  reconnect(): void {
    this.conversation.connection.reconnect();
  }

  /**
   * Leaves the pad. Edits that have not been accepted are no longer sent; await `flush` first to
   * have them accepted.
   */
  close(): void {
    this.conversation.connection.end("closed");
  }

  /**
   * Holds back the first revision for which `untimely` is true, and every later one, until
   * `resumeRevisions` is called, as if the connection were slow. An editor needs this while an
   * input method is composing a word.
   */
  holdRevisions(untimely: (revision: Revision) => boolean): void {
    this.conversation.holding.begin(untimely);
  }

  /** Applies the revisions that were held back, and stops holding. */
  resumeRevisions(): void {
    this.conversation.resume();
  }

  private async lookForDrafts(): Promise<void> {
    const { drafts } = this.options;
    if (drafts === undefined || this.readOnly) return;
    const keeper = (this.keeper = new Keeper(drafts, this.vars.padId, this.state));
    this.on("edited", () => keeper.soon());
    this.on("took", () => keeper.soon());
    const found = await keeper.found();
    if (found.length > 0) this.emit("unsent", found);
  }

  private edited(changeset: string): void {
    this.conversation.submit();
    this.emit("edited", changeset);
  }

  protected override failed(name: keyof PadEvents, error: unknown): void {
    if (name === "error" || !this.heard("error")) super.failed(name, error);
    else this.emit("error", new ListenerError(name, error));
  }

  private tell(data: object, repeatable: boolean, refused?: Refused): void {
    if (refused === undefined) this.checkAlive();
    this.conversation.asking.tell(data, repeatable, refused);
  }

  private checkAlive(): void {
    if (this.status.state === "ended") throw ended(this.status.reason);
  }

  private writable(): Collaborator {
    this.checkAlive();
    if (this.readOnly) throw new EditRefused("this address is read-only");
    return this.state;
  }
}

function ended(reason: string): SessionEnded {
  return new SessionEnded(`the session has ended: ${reason}`, reason);
}

function refusal(reason: string): SessionEnded {
  return new SessionEnded(`no access to this pad: ${reason}`, reason);
}
