/**
 * Decides when and how a lost connection is tried again. It is pure: time and chance are passed in.
 */

/**
 * The longest pause before the first attempt, in ms. It doubles with each attempt, up to
 * `LONGEST_PAUSE`.
 */
const FIRST_PAUSE = 250;
export const LONGEST_PAUSE = 15_000;

/** A session that has lasted this long, in ms, counts as a success. */
export const STEADY = 10_000;

/**
 * Computes the pauses between attempts. A connection that opens proves little, since a server that
 * cannot serve the client may accept it and then drop it. So the pauses grow until a session has
 * succeeded.
 */
export class Backoff {
  private count = 0;

  /** The number of attempts since the last success. */
  get attempts(): number {
    return this.count;
  }

  /** Returns the ms to wait before the next attempt. `chance` is a random number from 0 to 1. */
  next(chance: number): number {
    // The pauses are spread out, because all clients of a server that dies come back at once.
    const longest = Math.min(FIRST_PAUSE * 2 ** this.count, LONGEST_PAUSE);
    this.count += 1;
    return longest * (0.5 + chance / 2);
  }

  /** Notes that a session has ended after `ms`. */
  wasUp(ms: number): void {
    if (ms >= STEADY) this.count = 0;
  }

  /**
   * Notes a success: an edit was accepted, a revision by somebody else arrived while no own edit
   * was outstanding, or the user asked for a connection.
   */
  progressed(): void {
    this.count = 0;
  }
}

export type Transport = "websocket" | "polling";

/** How long a connection may take to open before the next attempt, in ms. */
const DIAL_TIMEOUT = 10_000;

/**
 * How long a WebSocket may take to open, in ms. It is shorter because there is another way to
 * connect if a proxy swallows the WebSocket.
 */
const WEBSOCKET_TIMEOUT = 5_000;

/** How to open a connection. */
export interface Way {
  transports: Transport[];
  timeout: number;
}

/**
 * The ways to connect, in order. A WebSocket comes first because it is faster. Where a proxy blocks
 * it, polling follows, and Socket.IO upgrades that to a WebSocket if it can.
 */
const WAYS: readonly Way[] = [
  { transports: ["websocket"], timeout: WEBSOCKET_TIMEOUT },
  { transports: ["polling", "websocket"], timeout: DIAL_TIMEOUT },
];

/** Chooses the way in which the next connection is opened. */
export class Ways {
  private at = 0;
  private readonly ways: readonly Way[];

  /** `only` are the transports that the caller has chosen, which replace the ways above. */
  constructor(only?: Transport[]) {
    this.ways = only === undefined ? WAYS : [{ transports: only, timeout: DIAL_TIMEOUT }];
  }

  get current(): Way {
    return this.ways[this.at] as Way;
  }

  /**
   * Turns to the next way, because a connection never opened. A way that has worked is used again.
   */
  failed(): void {
    this.at = (this.at + 1) % this.ways.length;
  }
}
