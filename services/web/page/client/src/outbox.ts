/** Messages of the user that the server has not confirmed yet. It is pure. */

/** A message that has been sent. */
export interface Said {
  readonly data: object;
  /**
   * Whether the message may be sent again if the answer is unknown. The server then takes it only
   * once.
   */
  readonly repeatable: boolean;
  readonly settled: (why?: string) => void;
}

/**
 * Holds messages until they are settled. `settled` is called once for each: without a reason if the
 * message was confirmed, else with the reason.
 */
export class Outbox {
  private readonly waiting = new Set<Said>();

  /** Holds a message until it is settled. Returns the function to call with the server's answer. */
  put(said: Said): (why?: string) => void {
    this.waiting.add(said);
    return (why) => this.settle(said, why);
  }

  /** The messages to send again over a new connection, in order. */
  get outstanding(): readonly Said[] {
    return [...this.waiting];
  }

  /** Settles the messages that cannot be repeated, after the connection was lost. */
  lost(why: string): void {
    for (const said of this.outstanding) if (!said.repeatable) this.settle(said, why);
  }

  /** Settles all messages, since there will be no further connection. */
  end(why: string): void {
    for (const said of this.outstanding) this.settle(said, why);
  }

  private settle(said: Said, why?: string): void {
    if (this.waiting.delete(said)) said.settled(why);
  }
}
