/** The messages between a pad and its server, over one connection after the other. */
import type { PadAddress } from "./address.js";
import { Asking } from "./asking.js";
import { type Accepted, type Changed, Collaborator } from "./collaborator.js";
import { Connection } from "./connection.js";
import { ProtocolError, TooLarge } from "./errors.js";
import { greeting } from "./greeting.js";
import { Holding } from "./holding.js";
import type {
  ChangesetAnswer,
  ClientVars,
  CollabMessage,
  PadSettings,
  Revision,
  Shout,
} from "./messages.js";
import type { PadOptions } from "./options.js";
import { Pacing } from "./pacing.js";
import type { PadEvents } from "./padevents.js";
import { People } from "./people.js";
import { type SplitLimits, splitLimits } from "./submissionsize.js";
import { newToken } from "./token.js";

/** The default of the shortest time between two submissions, in ms. */
const INTERVAL = 100;

const NOT_YET = "the pad is not here yet: wait for joined()";

/** Emits an event of the pad. */
export type Emit = <Name extends keyof PadEvents>(name: Name, value: PadEvents[Name]) => void;

/** Joins a pad, applies the messages that arrive, and submits own edits when they are due. */
export class Conversation {
  readonly people = new People();
  readonly connection: Connection;
  readonly asking: Asking;
  readonly holding = new Holding();
  private readonly pacing: Pacing;
  // Without a token of its own, a client that returns after a lost connection would be somebody
  // else.
  private readonly token: string;
  private variables: ClientVars | null = null;
  private collaborator: Collaborator | null = null;
  private headTime: number | undefined;
  /** The size in bytes of the longest packet that the server takes, if known. */
  private most: number | undefined;
  private repeatable = false;

  /** Makes no connection until `begin` is called. */
  constructor(
    urls: readonly string[],
    private readonly options: PadOptions,
    private readonly emit: Emit,
  ) {
    this.token = options.token ?? newToken();
    const { transports, auth, extraHeaders, webSocket } = options;
    this.connection = new Connection(
      urls,
      {
        ...(auth === undefined ? {} : { auth }),
        ...(extraHeaders === undefined ? {} : { extraHeaders }),
        ...(webSocket === undefined ? {} : { webSocket }),
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
  }

  begin(): void {
    this.connection.dial();
  }

  /** CLIENT_VARS, or null before they have arrived. */
  get joined(): ClientVars | null {
    return this.variables;
  }

  /** CLIENT_VARS. Throws before they have arrived. */
  get vars(): ClientVars {
    if (this.variables === null) throw new Error(NOT_YET);
    return this.variables;
  }

  /** The client's copy of the pad. Throws before CLIENT_VARS have arrived. */
  get state(): Collaborator {
    if (this.collaborator === null) throw new Error(NOT_YET);
    return this.collaborator;
  }

  /** The time of the newest revision, in ms since 1970, if known. */
  get time(): number | undefined {
    return this.headTime;
  }

  /** Whether the server accepts a chat message once, even if it is sent twice. */
  get repeats(): boolean {
    return this.repeatable;
  }

  /** Applies the revisions that were held back, and stops holding. */
  resume(): void {
    this.holding.end((revision) => this.take(revision));
  }

  /**
   * Submits waiting edits if nothing is in flight and the connection is open, after the interval.
   */
  submit(): void {
    if (!this.connection.open || !this.state.hasWaiting || this.state.submitting) return;
    this.pacing.soon(() => this.submitNow());
  }

  // --- The connection ---------------------------------------------------------------------------

  private greet(address: PadAddress, most: number | undefined): void {
    this.most = most;
    if (this.collaborator !== null) this.collaborator.limits = this.limits;
    const padId = this.variables?.padId ?? address.padId;
    const ready = greeting(padId, this.options, this.token);
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
    if (this.variables !== null) return; // a returning client keeps its own copy
    this.variables = variables;
    const { collab_client_vars: start, userId } = variables;
    this.collaborator = new Collaborator(start, userId, this.limits);
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
        const moved = message.cursors.filter((each) => cursors.reported(each));
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
  private take(message: Revision): void {
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

  private get limits(): SplitLimits | null {
    return this.most === undefined ? null : splitLimits(this.most);
  }
}
