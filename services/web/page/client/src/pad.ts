/** A pad over Socket.IO: the thin driver around `Collaborator`. */
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

/** Shortest time between two submissions, in ms. */
const INTERVAL = 100;

export interface PadOptions extends Partial<LineOptions> {
  name?: string | null;
  /** "#rrggbb". */
  color?: string | null;
  /**
   * Says who this is: `t.` and 20 letters or digits; without one, somebody new. A page's cookie
   * comes before it.
   */
  token?: string;
  /** Shortest time between two submissions, in ms; default 100. */
  interval?: number;
  /**
   * By which transports, in this order. By default a WebSocket, and polling where a proxy lets none
   * through.
   */
  transports?: Transport[];
  /** Where edits are kept that have not been accepted, should the page be closed. */
  drafts?: DraftStore;
}

/**
 * An open pad. It connects by itself, and again whenever the connection is lost, until `close`, or
 * until the server ends the session; what was typed meanwhile is kept, and sent once. What is done
 * to it after the end would reach nobody, so that it throws `SessionEnded`, or rejects with it;
 * where `refused` was given, that is told instead.
 *
 * Positions and lengths are UTF-16 code units, as of any JavaScript string.
 */
export class Pad extends Emitter<PadEvents> {
  readonly people = new People();
  private readonly connection: Connection;
  private readonly asking: Asking;
  private readonly pacing: Pacing;
  private readonly holding = new Holding();
  private keeper: Keeper | null = null;
  private repeatable = false;
  // Without one, whoever comes back after a lost connection would be somebody else.
  private readonly token: string;
  private variables: ClientVars | null = null;
  private collaborator: Collaborator | null = null;
  private headTime: number | undefined;
  /** Bytes of the longest packet that the server takes, if it says so. */
  private most: number | undefined;

  /**
   * Connects by itself. With several addresses (one pad on several servers), each attempt goes to
   * the next of them.
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

  /** Resolves when the pad is here; rejects with `SessionEnded`, which says why not. */
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

  /** How the connection is. */
  get status(): Status {
    return this.connection.status;
  }

  /** CLIENT_VARS. Throws before `joined`, as does all that needs the pad. */
  get vars(): ClientVars {
    if (this.variables === null) throw new Error("the pad is not here yet: wait for joined()");
    return this.variables;
  }

  /** The client's copy of the pad, without the connection. Throws before `joined`. */
  get state(): Collaborator {
    if (this.collaborator === null) throw new Error("the pad is not here yet: wait for joined()");
    return this.collaborator;
  }

  /** What a user sees, with own edits that are under way. */
  get text(): string {
    return this.state.text;
  }

  /** The newest revision that has come in. */
  get rev(): number {
    return this.state.rev;
  }

  /**
   * When `rev` was committed, in ms since 1970; of an own revision, when the answer came. Undefined
   * where the server does not say.
   */
  get time(): number | undefined {
    return this.headTime;
  }

  /** Whether this address may only read. */
  get readOnly(): boolean {
    return this.vars.readonly;
  }

  /**
   * Replaces `removed` code units at `start`; goes out as soon as it can, in pieces if it is larger
   * than the server takes at once. Throws, and changes nothing: `OutOfRange` for what is beyond the
   * text or takes the newline at its end, `TooLarge` for an attribute that the server has no room
   * for, another `EditRefused` where the address is read-only.
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
   * Sets attributes on `[from, to)`, such as `[["bold", "true"]]`; "" takes one away. Throws as
   * `edit` does.
   */
  format(from: number, to: number, attributes: Iterable<Attribute>): void {
    this.edited(this.writable().format(from, to, attributes));
  }

  /**
   * An edit of `text` as a changeset in the numbers of `state.pool`. Throws as `edit` does, and
   * `EasysyncError` for what does not fit.
   */
  applyOwn(changeset: string): void {
    this.edited(this.writable().applyOwn(changeset));
  }

  /** Resolves when every edit has been accepted; rejects with `SessionEnded`. */
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
   * Tells the others a name and a colour ("#rrggbb"); over a new connection it is told again.
   * `refused` is told why the server does not take it.
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
    // Without a connection there is nothing to be done: whoever joins says who it is.
    if (this.connection.open || this.status.state === "ended") {
      this.asking.send({ type: "USERINFO_UPDATE", userInfo }, (why) => {
        if (why !== undefined) refused?.(why);
      });
    }
  }

  /**
   * Says something in the chat; it comes back as a `chat` event. If the connection is lost before
   * the server has confirmed it, it is said again, and stands there once. `refused` is told why it
   * was not said.
   */
  say(text: string, refused?: Refused): void {
    const requestID = newToken();
    const message = { text, time: null, userId: null, userName: null, requestID };
    this.tell({ type: "CHAT_MESSAGE", message }, this.repeatable, refused);
  }

  /** The chat messages from `first` to `last`, both included, at most 100. */
  async chatBetween(first: number, last: number): Promise<ChatLine[]> {
    this.checkAlive();
    return this.asking.chatBetween(first, last);
  }

  /** All chat messages from `first` on, however many: what was said while one was away. */
  async chatFrom(first: number): Promise<ChatLine[]> {
    this.checkAlive();
    return this.asking.chatFrom(first);
  }

  /** Marks the newest revision as one to find again; comes back as `saved`. `refused` as of `say`. */
  saveRevision(refused?: Refused): void {
    // Not said again: by then there may be a newer one.
    this.tell({ type: "SAVE_REVISION" }, false, refused);
  }

  /** Whether the server tells people where the others have their cursors, this client too. */
  get pointing(): boolean {
    return this.vars.cursors === true;
  }

  /**
   * Where the others have their cursors in `text`, by author, as far as they tell. They move with
   * each revision and each own edit: ask again after `cursors`, `took` and `edited`.
   */
  get cursors(): ReadonlyMap<string, Cursor> {
    const { cursors, underWay, text } = this.state;
    return cursors.seen(underWay, text.length);
  }

  /**
   * Tells the others where the cursor is in `text`; null takes it away. Five times a second is as
   * often as they can be told. Does nothing where the server does not pass it on.
   */
  point(cursor: Cursor | null): void {
    this.checkAlive();
    if (!this.pointing) return;
    const { cursors, underWay, rev } = this.state;
    const nowhere = { rev, anchor: null, head: null };
    const place = cursor === null ? nowhere : cursors.place(cursor, underWay);
    this.asking.send({ type: "CURSOR", ...place });
  }

  /** Changes how the pad looks for everybody; what is not named stays. Comes back as `settings`. */
  changeSettings(options: PadSettings, refused?: Refused): void {
    const payload = { type: "padoptions", options, changedBy: this.vars.userName ?? "" };
    this.tell({ type: "CLIENT_MESSAGE", payload }, true, refused);
  }

  /**
   * Deletes the pad for everybody: then the session ends, with `deleted`. `token` is for who is not
   * known to have made it. If it is not right, that comes as a `notice`.
   */
  delete(token?: string, refused?: Refused): void {
    const { padId } = this.vars;
    const data = token === undefined ? { padId } : { padId, deletionToken: token };
    this.tell({ type: "PAD_DELETE", data }, false, refused);
  }

  /** Up to a hundred changesets of `granularity` revisions each, from `start` on; see `History`. */
  async changesets(start: number, granularity: number): Promise<ChangesetAnswer> {
    this.checkAlive();
    return this.asking.changesetsOf(this.vars.padId, start, granularity);
  }

  /**
   * Makes the edits of a page that was closed before they were accepted, as if it were still there:
   * what has got through all the same is not made again. Resolves to whether it could be done; if
   * not, since the pad is not what they were made on any more, nothing has changed.
   */
  async putBack(draft: Draft): Promise<boolean> {
    const left = await remains(draft, this.writable(), this.time, (start, granularity) =>
      this.changesets(start, granularity),
    );
    if (left === null) return false;
    // From here on nothing is awaited: it is for the text of this very revision.
    if (left !== "") this.applyOwn(besideOwn(left, this.state));
    await this.discard(draft);
    return true;
  }

  /** Forgets such edits. */
  async discard(draft: Draft): Promise<void> {
    await this.options.drafts?.remove(draft.id);
  }

  /** Keeps what has not been accepted at once, and not in a moment: the page may be about to go. */
  async keep(): Promise<void> {
    await this.keeper?.now();
  }

  /**
   * Gives the connection up until `reconnect`, keeping edits: the network is known to be gone. After
   * the end both do nothing.
   */
  suspend(): void {
    this.connection.suspend();
  }

  /** Connects now, if need be anew, instead of when it is due. */
  reconnect(): void {
    this.connection.reconnect();
  }

  /** Leaves the pad. What has not been accepted is lost; `flush` first to keep it. */
  close(): void {
    this.connection.end("closed");
  }

  /**
   * From now on a revision of others for which `untimely` is true waits, and all that comes after it,
   * until `resumeRevisions`: as if the connection were slow. For an editor in which somebody is in
   * the middle of a word.
   */
  holdRevisions(untimely: (revision: Revision) => boolean): void {
    this.holding.begin(untimely);
  }

  /** Takes in what has been held, and holds nothing any more. */
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
    // Who is here is told anew after each join; who left meanwhile is not.
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
   * Takes in what a message brings. Listeners are told of each revision while `text` and `rev` are
   * those of it, and may edit, or leave: then the rest of the message is not for us any more, and
   * comes again to whoever connects anew.
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
    // What has been taken in is told in any case, or a copy of the text would stay behind it.
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

  /** Sends what waits, if nothing is in flight, the line is up, and the last was long enough ago. */
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
      this.connection.end("tooLarge"); // for this server, unlike for the one before
      return;
    }
    if (data === null) {
      // Edits that cancelled each other out are settled without an answer.
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
