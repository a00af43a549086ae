/** A pad over Socket.IO: the thin driver around `Collaborator`. */
import type { PadAddress } from "./address.js";
import { type Accepted, type Changed, Collaborator, ProtocolError } from "./collaborator.js";
import { Connection, type Status } from "./connection.js";
import type { Attribute } from "./easysync/index.js";
import { Emitter } from "./events.js";
import type { LineOptions } from "./line.js";
import type {
  ChangesetAnswer,
  ChatLine,
  ClientVars,
  CollabMessage,
  SavedRevision,
  Shout,
} from "./messages.js";
import { People, type Person } from "./people.js";
import { Questions } from "./questions.js";
import { newToken } from "./token.js";

/** What a submission may take before its connection is taken for dead, in ms. */
const ANSWER_TIMEOUT = 20_000;

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
  /** Shortest time between two submissions, in ms; default `INTERVAL`. */
  interval?: number;
}

/** What `Pad.on` listens to. */
export type PadEvents = {
  status: Status;
  /** The pad is here; once. */
  joined: ClientVars;
  /** A revision of somebody else, each by itself, also out of a batch. */
  changed: Changed;
  /** An own submission has become a revision. */
  accepted: Accepted;
  /** All that one message brought, after the events above. */
  took: (Changed | Accepted)[];
  /** An own edit has been made, which is now to be sent: its changeset. */
  edited: string;
  people: ReadonlyMap<string, Person>;
  chat: ChatLine;
  saved: SavedRevision;
  /** A word to everybody from whoever runs the server. */
  shout: string;
  /** What this library does not know. */
  other: { type: string };
  /** A listener has thrown. Where nobody listens to this, it goes to the console. */
  error: ListenerError;
};

/** A listener to the event `event` has thrown what is the `cause`. */
export class ListenerError extends Error {
  override readonly name = "ListenerError";

  constructor(
    readonly event: string,
    cause: unknown,
  ) {
    super(`a listener to "${event}" has thrown: ${String(cause)}`, { cause });
  }
}

type Timer = ReturnType<typeof setTimeout>;

export class Pad extends Emitter<PadEvents> {
  readonly people = new People();
  private readonly connection: Connection;
  private readonly chatQuestions = new Questions<ChatLine[]>();
  private readonly changesetQuestions = new Questions<ChangesetAnswer>();
  // Without one, whoever comes back after a lost connection would be somebody else.
  private readonly token: string;
  private variables: ClientVars | null = null;
  private collaborator: Collaborator | null = null;
  private headTime: number | undefined;
  private lastSubmitted = 0;
  private submitTimer: Timer | undefined;
  private answerTimer: Timer | undefined;

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
    const { transports = ["websocket"], auth, extraHeaders } = options;
    this.connection = new Connection(
      typeof urls === "string" ? [urls] : urls,
      {
        transports,
        ...(auth === undefined ? {} : { auth }),
        ...(extraHeaders === undefined ? {} : { extraHeaders }),
      },
      {
        up: (address) => this.greet(address),
        down: () => this.cutOff(),
        status: (now) => this.emit("status", now),
        message: (message) => this.receive(message),
        shout: (message) => this.shouted(message),
      },
    );
    this.connection.dial();
  }

  /** Resolves when the pad is here; rejects with why not. */
  joined(): Promise<ClientVars> {
    if (this.variables !== null) return Promise.resolve(this.variables);
    return new Promise((resolve, reject) => {
      this.on("joined", resolve);
      this.on("status", (now) => {
        if (now.state === "ended") reject(new Error(`no access to this pad: ${now.reason}`));
      });
      if (this.status.state === "ended") reject(new Error(this.status.reason));
    });
  }

  get status(): Status {
    return this.connection.status;
  }

  /** CLIENT_VARS. Throws before `joined`, as does all that needs the pad. */
  get vars(): ClientVars {
    if (this.variables === null) throw new Error("the pad is not here yet: wait for joined()");
    return this.variables;
  }

  get state(): Collaborator {
    if (this.collaborator === null) throw new Error("the pad is not here yet: wait for joined()");
    return this.collaborator;
  }

  get text(): string {
    return this.state.text;
  }

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

  get readOnly(): boolean {
    return this.vars.readonly;
  }

  /** Replaces `removed` code units at `start`; goes out as soon as it can. */
  edit(
    start: number,
    removed: number,
    inserted: string,
    attributes: Iterable<Attribute> = [],
  ): void {
    this.edited(this.writable().edit(start, removed, inserted, attributes));
  }

  /** Sets attributes on `[from, to)`, such as `[["bold", "true"]]`; "" takes one away. */
  format(from: number, to: number, attributes: Iterable<Attribute>): void {
    this.edited(this.writable().format(from, to, attributes));
  }

  /** An edit of `text` as a changeset in the numbers of `state.pool`. */
  applyOwn(changeset: string): void {
    this.edited(this.writable().applyOwn(changeset));
  }

  /** Resolves when every edit has been accepted. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.state.settled) {
        resolve();
        return;
      }
      const ends = [
        this.on("took", () => {
          if (this.state.settled) done(resolve);
        }),
        this.on("status", (now) => {
          if (now.state === "ended")
            done(() => reject(new Error(`the session ended: ${now.reason}`)));
        }),
      ];
      const done = (then: () => void): void => {
        for (const end of ends) end();
        then();
      };
    });
  }

  /** Tells the others a name and a colour ("#rrggbb"). */
  introduce(name: string, color: string): void {
    this.vars.userColor = color;
    this.vars.userName = name;
    this.options.name = name;
    this.options.color = color;
    this.people.here({ userId: this.vars.userId, name, colorId: color });
    this.emit("people", this.people.present);
    const userInfo = { userId: this.vars.userId, name, colorId: color, ip: "127.0.0.1" };
    this.collab({ type: "USERINFO_UPDATE", userInfo });
  }

  /** Says something in the chat; it comes back as a `chat` event. `refused` is told why not. */
  say(text: string, refused?: (why: string) => void): void {
    const message = { text, time: null, userId: null, userName: null };
    this.collab({ type: "CHAT_MESSAGE", message }, refused);
  }

  /** The chat messages from `first` to `last`, both included, at most 100. */
  chatBetween(first: number, last: number): Promise<ChatLine[]> {
    return this.chatQuestions.ask((_number, refused) => {
      this.collab({ type: "GET_CHAT_MESSAGES", start: first, end: last }, refused);
    });
  }

  /** Marks the newest revision as one to find again; comes back as `saved`. */
  saveRevision(refused?: (why: string) => void): void {
    this.collab({ type: "SAVE_REVISION" }, refused);
  }

  /** Up to a hundred changesets of `granularity` revisions each, from `start` on; see `History`. */
  changesets(start: number, granularity: number): Promise<ChangesetAnswer> {
    return this.changesetQuestions.ask((requestID, refused) => {
      const data = { start, granularity, requestID };
      const { padId } = this.vars;
      this.connection.send({ component: "pad", type: "CHANGESET_REQ", padId, data }, refused);
    });
  }

  /** Gives the connection up until `reconnect`, keeping edits: the network is known to be gone. */
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

  // --- The connection ---------------------------------------------------------------------------

  private greet(address: PadAddress): void {
    const { name = null, color = null } = this.options;
    const ready = {
      component: "pad",
      type: "CLIENT_READY",
      padId: this.variables?.padId ?? address.padId,
      userInfo: { name, colorId: color },
      supports: ["NEW_CHANGES_BATCH", "ACKNOWLEDGEMENTS"],
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
    clearTimeout(this.submitTimer);
    clearTimeout(this.answerTimer);
    this.submitTimer = undefined;
    this.collaborator?.connectionLost();
    this.chatQuestions.giveUp("the connection was lost");
    this.changesetQuestions.giveUp("the connection was lost");
  }

  // --- Messages ---------------------------------------------------------------------------------

  private receive(message: unknown): void {
    if (typeof message !== "object" || message === null) return;
    const { type, data, disconnect, accessStatus } = message as Record<string, unknown>;
    if (disconnect !== undefined) this.connection.end(String(disconnect));
    else if (accessStatus !== undefined) this.connection.end(String(accessStatus));
    else if (type === "CLIENT_VARS") this.greeted(data as ClientVars);
    else if (type === "COLLABROOM") this.heed(data as CollabMessage);
    else if (type === "CHANGESET_REQ") this.answered(data as ChangesetAnswer);
  }

  private greeted(variables: ClientVars): void {
    const first = this.variables === null;
    if (!first) return; // a returning client keeps its own copy
    this.variables = variables;
    this.collaborator = new Collaborator(variables.collab_client_vars, variables.userId);
    this.headTime = variables.collab_client_vars.time;
    this.people.learn(variables);
    this.connection.opened();
    this.emit("joined", variables);
    this.emit("people", this.people.present);
  }

  private heed(message: CollabMessage): void {
    switch (message.type) {
      case "NEW_CHANGES":
      case "NEW_CHANGES_BATCH":
      case "ACCEPT_COMMIT":
      case "CLIENT_RECONNECT":
        this.take(message);
        break;
      case "USER_NEWINFO":
        this.people.here(message.userInfo);
        this.emit("people", this.people.present);
        break;
      case "USER_LEAVE":
        this.people.left(message.userInfo.userId);
        this.emit("people", this.people.present);
        break;
      case "CHAT_MESSAGE":
        this.emit("chat", message.message);
        break;
      case "CHAT_MESSAGES":
        this.chatQuestions.answer(message.messages);
        break;
      case "NEW_SAVEDREV":
        this.emit("saved", message.savedRev);
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
        this.headTime = event.kind === "changed" ? event.time : Date.now();
        if (!state.submitting) clearTimeout(this.answerTimer);
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
      else if (resuming && state.upToDate) this.connection.opened();
      this.submit();
    }
    // What has been taken in is told in any case, or a copy of the text would stay behind it.
    if (wrong === null || took.length > 0) this.emit("took", took);
    if (wrong === null && resuming && this.connection.open) {
      this.emit("people", this.people.present);
    }
  }

  private shouted(message: unknown): void {
    const { data } = (message ?? {}) as Partial<Shout>;
    const text = data?.payload?.message?.message;
    if (typeof text === "string" && text !== "") this.emit("shout", text);
  }

  private answered(answer: ChangesetAnswer): void {
    this.changesetQuestions.answer(answer, answer.requestID);
  }

  /** Sends what waits, if nothing is in flight, the line is up, and the last was long enough ago. */
  private submit(): void {
    if (!this.connection.open || this.submitTimer !== undefined) return;
    if (!this.state.hasWaiting || this.state.submitting) return;
    const { interval = INTERVAL } = this.options;
    const due = this.lastSubmitted + interval - Date.now();
    this.submitTimer = setTimeout(() => this.submitNow(), Math.min(Math.max(due, 0), interval));
  }

  private submitNow(): void {
    this.submitTimer = undefined;
    const data = this.state.nextSubmission();
    if (data === null) {
      // Edits that cancelled each other out are settled without an answer.
      if (this.state.settled) this.emit("took", []);
      return;
    }
    this.lastSubmitted = Date.now();
    this.answerTimer = setTimeout(() => this.connection.lost(), ANSWER_TIMEOUT);
    this.collab(data);
  }

  private collab(data: object, refused?: (why: string) => void): void {
    if (!this.connection.open) refused?.("not connected");
    else this.connection.send({ type: "COLLABROOM", component: "pad", data }, refused);
  }

  private edited(changeset: string): void {
    this.submit();
    this.emit("edited", changeset);
  }

  protected override failed(name: keyof PadEvents, error: unknown): void {
    if (name === "error" || !this.heard("error")) super.failed(name, error);
    else this.emit("error", new ListenerError(name, error));
  }

  private writable(): Collaborator {
    if (this.readOnly) throw new Error("this address is read-only");
    return this.state;
  }
}
