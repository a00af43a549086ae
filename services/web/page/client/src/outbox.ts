/** What a person has said and the server has not confirmed yet: pure. */

/** One thing that is said. */
export interface Said {
  readonly data: object;
  /** Whether it may be said again where the answer is not known: the server takes it once. */
  readonly repeatable: boolean;
  readonly settled: (why?: string) => void;
}

/** Whatever goes in comes out by `settled`, once: confirmed, or with why not. */
export class Outbox {
  private readonly waiting = new Set<Said>();

  /** Keeps it until it is settled. Returns what to call with the server's answer. */
  put(said: Said): (why?: string) => void {
    this.waiting.add(said);
    return (why) => this.settle(said, why);
  }

  /** What has to be said again over a new connection, in order. */
  get outstanding(): readonly Said[] {
    return [...this.waiting];
  }

  /** The connection is gone: what cannot be repeated is given back. */
  lost(why: string): void {
    for (const said of this.outstanding) if (!said.repeatable) this.settle(said, why);
  }

  /** There will be no other connection. */
  end(why: string): void {
    for (const said of this.outstanding) this.settle(said, why);
  }

  private settle(said: Said, why?: string): void {
    if (this.waiting.delete(said)) said.settled(why);
  }
}
