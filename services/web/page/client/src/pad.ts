/** A pad over Socket.IO. It is a thin driver around `Collaborator`. */
import type { PadAddress } from "./address.js";
import { type Accepted, type Changed, Collaborator, ProtocolError } from "./collaborator.js";
import { Connection, type Status } from "./connection.js";
import { Asking, type Refused } from "./asking.js";
import type { Transport } from "./backoff.js";
import type { Cursor } from "./cursors.js";
import type { Attribute } from "./easysync/index.js";
import { type Draft, type DraftStore } from "./drafts.js";
import { EditRefused, SessionEnded, TooLarge } from "./errors.js";
import { Emitter } from "./events.js";
import { Holding } from "./holding.js";
import { besideOwn, Keeper, remains } from "./keeping.js";
import type { LineOptions } from "./line.js";
import type {
  ChangesetAnswer,
  ChatLine,
  ClientVars,
  CollabMessage,
  PadSettings,
  Revision,
  Shout,
} from "./messages.js";
import { Pacing } from "./pacing.js";
import { ListenerError, type PadEvents } from "./padevents.js";
import { People } from "./people.js";
import { roomOf } from "./splitting.js";
import { newToken } from "./token.js";

/** The default of the shortest time between two submissions, in ms. */
const INTERVAL = 100;

export interface PadOptions extends Partial<LineOptions> {
  name?: string | null;
  /** The colour as "#rrggbb". */
  color?: string | null;
  /**
   * Identifies the author: `t.` and 20 letters or digits. Without a token, the client is a new
   * author. A page's cookie takes precedence over it.
   */
  token?: string;
  /** The shortest time between two submissions, in ms; 100 by default. */
  interval?: number;
  /**
   * The transports to use, in this order. By default a WebSocket, and polling where a proxy blocks
   * WebSockets.
   */
  transports?: Transport[];
  /** Where edits that have not been accepted are kept, in case the page is closed. */
  drafts?: DraftStore;
}

/**
 * An open pad. It connects by itself, and again whenever the connection is lost, until `close` is
 * called or the server ends the session. Edits made without a connection are kept, and sent once.
 * After the end, methods that would have to reach the server throw `SessionEnded`, or reject with
 * it; if `refused` was given, it is called instead.
 *
 * Positions and lengths are in UTF-16 code units, like those of any JavaScript string.
 */
export class Pad extends Emitter<PadEvents> {
  readonly people = new People();
  private readonly connection: Connection;
  private readonly asking: Asking;
  private readonly pacing: Pacing;
  private readonly holding = new Holding();
  private keeper: Keeper | null = null;
  private repeatable = false;
  // Without a token of its own, a client that returns after a lost connection would be somebody
  // else.
  private readonly token: string;
  private variables: ClientVars | null = null;
  private collaborator: Collaborator | null = null;
  private headTime: number | undefined;
  /** The size in bytes of the longest packet that the server takes, if known. */
  private most: number | undefined;

  /**
   * Opens a pad, and connects by itself. With several addresses (one pad on several servers), each
   * attempt uses the next one. Throws an `Error` if an address is not that of a pad.
   */
  constructor(
    urls: string | readonly string[],
    private readonly options: PadOptions = {},
  ) {
    super();
    this.token = options.token ?? newToken();
    const { transports, auth, extraHeaders } = options;
    this.connection = new Connection(
      typeof urls === "string" ? [urls] : urls,
      {
        ...(auth === undefined ? {} : { auth }),
        ...(extraHeaders === undefined ? {} : { extraHeaders }),
      },
      {
        up: (address, most) => this.greet(address, most),
        down: () => this.cutOff(),
        status: (now) => {
          if (now.state === "ended") this.asking.end(now.reason);
          this.emit("status", now);
        },
        message: (message) => this.receive(message),
        shout: (message) => this.shouted(message),
      },
      transports,
    );
    this.asking = new Asking(this.connection);
    this.pacing = new Pacing(options.interval ?? INTERVAL);
    this.connection.dial();
  }

  /**
   * Resolves when the pad has arrived. Rejects with `SessionEnded`, whose `reason` says why access
   * was refused.
   */
  joined(): Promise<ClientVars> {
    if (this.variables !== null) return Promise.resolve(this.variables);
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
    return this.connection.status;
  }

  /** The CLIENT_VARS message. Throws before `joined`, as does everything that needs the pad. */
  get vars(): ClientVars {
    if (this.variables === null) throw new Error("the pad is not here yet: wait for joined()");
    return this.variables;
  }

  /** The client's copy of the pad, without the connection. Throws before `joined`. */
  get state(): Collaborator {
    if (this.collaborator === null) throw new Error("the pad is not here yet: wait for joined()");
    return this.collaborator;
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
    return this.headTime;
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
    if (this.connection.open || this.status.state === "ended") {
      this.asking.send({ type: "USERINFO_UPDATE", userInfo }, (why) => {
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
    this.tell({ type: "CHAT_MESSAGE", message }, this.repeatable, refused);
  }

  /** Returns the chat messages from `first` to `last`, both included, but at most 100. */
  async chatBetween(first: number, last: number): Promise<ChatLine[]> {
    this.checkAlive();
    return this.asking.chatBetween(first, last);
  }

  /** Returns all chat messages from `first` on, such as those written during an absence. */
  async chatFrom(first: number): Promise<ChatLine[]> {
    this.checkAlive();
    return this.asking.chatFrom(first);
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
    this.asking.send({ type: "CURSOR", ...place });
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
    return this.asking.changesetsOf(this.vars.padId, start, granularity);
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
    this.connection.suspend();
  }

  /** Connects now instead of at the next scheduled attempt, closing any current connection. */
  reconnect(): void {
    this.connection.reconnect();
  }

  /**
   * Leaves the pad. Edits that have not been accepted are no longer sent; await `flush` first to
   * have them accepted.
   */
  close(): void {
    this.connection.end("closed");
  }

  /**
   * Holds back the first revision for which `untimely` is true, and every later one, until
   * `resumeRevisions` is called, as if the connection were slow. An editor needs this while an
   * input method is composing a word.
   */
  holdRevisions(untimely: (revision: Revision) => boolean): void {
    this.holding.begin(untimely);
  }

  /** Applies the revisions that were held back, and stops holding. */
  resumeRevisions(): void {
    this.holding.end((revision) => this.take(revision));
  }

  // --- The connection ---------------------------------------------------------------------------

  private greet(address: PadAddress, most: number | undefined): void {
    this.most = most;
    if (this.collaborator !== null) this.collaborator.room = this.room;
    const { name = null, color = null } = this.options;
    const ready = {
      component: "pad",
      type: "CLIENT_READY",
      padId: this.variables?.padId ?? address.padId,
      userInfo: { name, colorId: color },
      supports: ["NEW_CHANGES_BATCH", "ACKNOWLEDGEMENTS", "SESSIONS", "CURSORS", "USERS"],
      token: this.token,
    };
    if (this.variables === null || this.collaborator === null) {
      this.connection.send(ready);
      return;
    }
    // After each join, the server lists the people on the pad, but not those who have left in the
    // meantime.
    this.people.onlyMe(this.variables.userId);
    this.connection.send({ ...ready, reconnect: true, client_rev: this.collaborator.rev });
  }

  private cutOff(): void {
    this.holding.drop();
    this.pacing.stop();
    this.collaborator?.connectionLost();
    this.collaborator?.cursors.clear();
    this.asking.lost();
    this.repeatable = false;
  }

  // --- Messages ---------------------------------------------------------------------------------

  private receive(message: unknown): void {
    if (typeof message !== "object" || message === null) return;
    const { type, data, disconnect, accessStatus } = message as Record<string, unknown>;
    if (disconnect !== undefined) this.connection.end(String(disconnect));
    else if (accessStatus !== undefined) this.connection.end(String(accessStatus));
    else if (type === "CLIENT_VARS") this.greeted(data as ClientVars);
    else if (type === "COLLABROOM") this.heed(data as CollabMessage);
    else if (type === "CHANGESET_REQ") this.asked(data as ChangesetAnswer);
  }

  private greeted(variables: ClientVars): void {
    const first = this.variables === null;
    if (!first) return; // a returning client keeps its own copy
    this.variables = variables;
    const { collab_client_vars: start, userId } = variables;
    this.collaborator = new Collaborator(start, userId, this.room);
    this.headTime = variables.collab_client_vars.time;
    this.people.learn(variables);
    this.connection.opened();
    this.emit("joined", variables);
    void this.lookForDrafts();
    this.emit("people", this.people.present);
  }

  private heed(message: CollabMessage): void {
    switch (message.type) {
      case "NEW_CHANGES":
      case "NEW_CHANGES_BATCH":
      case "ACCEPT_COMMIT":
      case "CLIENT_RECONNECT":
        if (!this.holding.keeps(message)) this.take(message);
        break;
      case "USER_NEWINFO":
      case "USER_LEAVE":
      case "USERS":
        for (const id of this.people.heed(message)) this.state.cursors.left(id);
        this.emit("people", this.people.present);
        break;
      case "CHAT_MESSAGE":
        this.emit("chat", message.message);
        break;
      case "CHAT_MESSAGES":
        this.asking.chat.answer(message.messages);
        break;
      case "SESSION":
        this.state.inSession(message.id);
        this.repeatable = message.supports?.includes("CHAT_REQUEST_ID") ?? false;
        break;
      case "NEW_SAVEDREV":
        this.emit("saved", message.savedRev);
        break;
      case "CURSORS": {
        const { cursors } = this.state;
        const moved = message.cursors.filter((told) => cursors.told(told));
        if (moved.length > 0)
          this.emit(
            "cursors",
            moved.map(({ userId }) => userId),
          );
        break;
      }
      case "CLIENT_MESSAGE":
        if (message.payload.type === "padoptions") this.learnSettings(message.payload.options);
        else this.emit("other", message);
        break;
      default:
        this.emit("other", message);
    }
  }

  /**
   * Applies what a message brings. Listeners are called for each revision while `text` and `rev`
   * match it, and may edit or leave. If they leave, the rest of the message is ignored; over a new
   * connection the server sends it again.
   */
  private take(message: Parameters<Collaborator["receive"]>[0]): void {
    const { state } = this;
    const line = this.connection.lineNumber;
    const resuming = !this.connection.open;
    const took: (Changed | Accepted)[] = [];
    let wrong: ProtocolError | null = null;
    try {
      for (const event of state.receive(message)) {
        took.push(event);
        const isNews = message.type !== "CLIENT_RECONNECT";
        if (event.kind === "accepted" || (isNews && state.settled)) this.connection.progressed();
        this.headTime = event.kind === "changed" ? event.time : Date.now();
        if (!state.submitting) this.pacing.answered();
        if (event.kind === "changed") this.emit("changed", event);
        else this.emit("accepted", event);
        if (this.connection.lineNumber !== line) break;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      wrong = error;
    }
    if (this.connection.lineNumber === line) {
      if (wrong !== null) this.connection.end(wrong.message);
      else if (resuming && state.upToDate) this.reopened();
      this.submit();
    }
    // Listeners hear of what has been applied in any case; otherwise their copies of the text would
    // lack it.
    if (wrong === null || took.length > 0) this.emit("took", took);
    if (wrong === null && resuming && this.connection.open) {
      this.emit("people", this.people.present);
    }
  }

  private reopened(): void {
    this.connection.opened();
    this.asking.repeat();
  }

  private learnSettings(change: PadSettings = {}): void {
    const before = this.vars.initialOptions ?? {};
    const settings = { ...before, ...change, view: { ...before.view, ...change.view } };
    this.vars.initialOptions = settings;
    this.emit("settings", settings);
  }

  private shouted(message: unknown): void {
    const { data } = (message ?? {}) as Partial<Shout>;
    const { message: text, messageKey: key } = data?.payload?.message ?? {};
    if (typeof text === "string" && text !== "") this.emit("shout", text);
    if (typeof key === "string" && key !== "") this.emit("notice", key);
  }

  private asked(answer: ChangesetAnswer): void {
    this.asking.changesets.answer(answer, answer.requestID);
  }

  /**
   * Submits waiting edits if nothing is in flight and the connection is open, after the interval.
   */
  private submit(): void {
    if (!this.connection.open || !this.state.hasWaiting || this.state.submitting) return;
    this.pacing.soon(() => this.submitNow());
  }

  private submitNow(): void {
    let data;
    try {
      data = this.state.nextSubmission();
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      // an edit fitted the previous server, but does not fit this one
      this.connection.end("tooLarge");
      return;
    }
    if (data === null) {
      // Edits that cancel each other out are settled without an answer.
      if (this.state.settled) this.emit("took", []);
      return;
    }
    this.pacing.submitted(() => this.connection.lost());
    this.asking.send(data);
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

  private get room(): ReturnType<typeof roomOf> | null {
    return this.most === undefined ? null : roomOf(this.most);
  }

  private edited(changeset: string): void {
    this.submit();
    this.emit("edited", changeset);
  }

  protected override failed(name: keyof PadEvents, error: unknown): void {
    if (name === "error" || !this.heard("error")) super.failed(name, error);
    else this.emit("error", new ListenerError(name, error));
  }

  private tell(data: object, repeatable: boolean, refused?: Refused): void {
    if (refused === undefined) this.checkAlive();
    this.asking.tell(data, repeatable, refused);
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
