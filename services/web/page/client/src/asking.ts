/** What is said to a server and asked of it, so that whoever does learns what came of it. */
import type { Connection } from "./connection.js";
import type { ChangesetAnswer, ChatLine } from "./messages.js";
import { Outbox } from "./outbox.js";
import { Questions } from "./questions.js";

/** Chat messages that are asked for at once; servers give no more. */
const CHAT_PAGE = 100;

const UNKNOWN = "the connection was lost before the server answered";

/** Told that it was refused, and why. */
export type Refused = (why: string) => void;

export class Asking {
  readonly chat = new Questions<ChatLine[]>();
  readonly changesets = new Questions<ChangesetAnswer>();
  private readonly outbox = new Outbox();

  constructor(private readonly connection: Connection) {}

  /** Sends a message about the pad. */
  send(data: object, answered?: (why?: string) => void): void {
    if (!this.connection.open) answered?.("not connected");
    else this.connection.send({ type: "COLLABROOM", component: "pad", data }, answered);
  }

  /** Says something that is confirmed, said again or given back. */
  tell(data: object, repeatable: boolean, refused?: Refused): void {
    const settled = (why?: string): void => {
      if (why !== undefined) refused?.(why);
    };
    if (this.connection.open) this.send(data, this.outbox.put({ data, repeatable, settled }));
    else settled("not connected");
  }

  chatBetween(first: number, last: number): Promise<ChatLine[]> {
    return this.chat.ask((_number, refused) => {
      this.send({ type: "GET_CHAT_MESSAGES", start: first, end: last }, (why) => {
        if (why !== undefined) refused(why);
      });
    });
  }

  async chatFrom(first: number): Promise<ChatLine[]> {
    const lines: ChatLine[] = [];
    for (;;) {
      const next = first + lines.length;
      const more = await this.chatBetween(next, next + CHAT_PAGE - 1);
      lines.push(...more);
      if (more.length < CHAT_PAGE) return lines;
    }
  }

  changesetsOf(padId: string, start: number, granularity: number): Promise<ChangesetAnswer> {
    return this.changesets.ask((requestID, refused) => {
      const data = { start, granularity, requestID };
      this.connection.send({ component: "pad", type: "CHANGESET_REQ", padId, data }, (why) => {
        if (why !== undefined) refused(why);
      });
    });
  }

  /** There is a connection again: says what has to be said again. */
  repeat(): void {
    for (const said of this.outbox.outstanding) this.send(said.data, this.outbox.put(said));
  }

  /** The connection is gone: what cannot be repeated is given back. */
  lost(): void {
    this.outbox.lost(UNKNOWN);
    this.chat.giveUp("the connection was lost");
    this.changesets.giveUp("the connection was lost");
  }

  /** There will be no other connection. */
  end(reason: string): void {
    this.outbox.end(`the session has ended: ${reason}`);
  }
}
