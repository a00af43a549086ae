/** Sends messages and questions to a server, and reports the result of each to its sender. */
import type { Connection } from "./connection.js";
import type { ChangesetAnswer, ChatLine } from "./messages.js";
import { Outbox } from "./outbox.js";
import { Questions } from "./questions.js";

/** The number of chat messages requested at once, which is the most that servers return. */
const CHAT_PAGE = 100;

const UNKNOWN = "the connection was lost before the server answered";

/** Called with the reason when the server refuses something. */
export type Refused = (why: string) => void;

export class Asking {
  readonly chat = new Questions<ChatLine[]>();
  readonly changesets = new Questions<ChangesetAnswer>();
  private readonly outbox = new Outbox();

  constructor(private readonly connection: Connection) {}

  /**
   * Sends a message about the pad. `answered` is called with the reason if the message was refused,
   * and without one otherwise.
   */
  send(data: object, answered?: (why?: string) => void): void {
    if (!this.connection.open) answered?.("not connected");
    else this.connection.send({ type: "COLLABROOM", component: "pad", data }, answered);
  }

  /**
   * Sends a message that the server confirms. If the connection breaks before that, the message is
   * sent again when it is `repeatable`; otherwise `refused` is called. Without a connection,
   * `refused` is called at once.
   */
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

  /**
   * Sends all unconfirmed messages again, over a new connection, and says so: many others may have
   * been sent by others meanwhile, and the server looks further back for what it has already.
   */
  repeat(): void {
    for (const said of this.outbox.outstanding) {
      this.send({ ...said.data, repeated: true }, this.outbox.put(said));
    }
  }

  /**
   * Handles a lost connection: messages that cannot be repeated are refused, and questions fail.
   */
  lost(): void {
    this.outbox.lost(UNKNOWN);
    this.chat.giveUp("the connection was lost");
    this.changesets.giveUp("the connection was lost");
  }

  /** Refuses all unconfirmed messages, since there will be no further connection. */
  end(reason: string): void {
    this.outbox.end(`the session has ended: ${reason}`);
  }
}
