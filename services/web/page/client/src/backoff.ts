/** When a lost connection is tried again. Pure: time and chance are passed in. */

/** Pauses between attempts, in ms: the first after `FIRST_PAUSE`, each twice as long. */
const FIRST_PAUSE = 250;
export const LONGEST_PAUSE = 15_000;

/** After so many ms a session that goes on is no mere attempt any more. */
export const STEADY = 10_000;

/**
 * A connection that comes about proves little: a server that cannot serve us takes it, and drops it.
 * So the pauses grow until something has come of it.
 */
export class Backoff {
  private count = 0;

  /** How many attempts there were since something came of one. */
  get attempts(): number {
    return this.count;
  }

  /** The ms to wait before the next attempt. `chance` is from 0 to 1. */
  next(chance: number): number {
    // Spread out: when a server dies, all of its clients come at once.
    const longest = Math.min(FIRST_PAUSE * 2 ** this.count, LONGEST_PAUSE);
    this.count += 1;
    return longest * (0.5 + chance / 2);
  }

  /** A session has ended that went on for so many ms. */
  wasUp(ms: number): void {
    if (ms >= STEADY) this.count = 0;
  }

  /** An edit was accepted, or somebody else's came with none of ours outstanding; or a person asks. */
  progressed(): void {
    this.count = 0;
  }
}

export type Transport = "websocket" | "polling";

/** Ms for a connection to come about before the next attempt. */
const DIAL_TIMEOUT = 10_000;

/** Likewise for a WebSocket, which there is another way than: a proxy may swallow it. */
const WEBSOCKET_TIMEOUT = 5_000;

/** How a connection is tried. */
export interface Way {
  transports: Transport[];
  timeout: number;
}

/**
 * A WebSocket at once, for it is the quicker; where none comes about, since a proxy is in its way,
 * polling, which goes over to a WebSocket by itself if that can be.
 */
const WAYS: readonly Way[] = [
  { transports: ["websocket"], timeout: WEBSOCKET_TIMEOUT },
  { transports: ["polling", "websocket"], timeout: DIAL_TIMEOUT },
];

/** By which of the ways the next connection is tried. */
export class Ways {
  private at = 0;
  private readonly ways: readonly Way[];

  /** `only`: whoever uses this has chosen the transports. */
  constructor(only?: Transport[]) {
    this.ways = only === undefined ? WAYS : [{ transports: only, timeout: DIAL_TIMEOUT }];
  }

  get current(): Way {
    return this.ways[this.at] as Way;
  }

  /** The connection never came about. One that did is gone on with. */
  failed(): void {
    this.at = (this.at + 1) % this.ways.length;
  }
}
