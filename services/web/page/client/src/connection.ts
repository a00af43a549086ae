/** A connection that is opened again whenever it breaks. `Pad` decides what is said over it. */
import { type PadAddress, parseAddress } from "./address.js";
import { Backoff, type Transport, Ways } from "./backoff.js";
import { Line, type LineOptions } from "./line.js";

/**
 * The state of the connection. In `connecting`, it is being opened; in `joining`, the server has
 * been reached and asked for the pad. `retryAt` is a time as returned by `Date.now()`. `attempt` is
 * the number of failed attempts since the last success. `why` is the reason that the server gave
 * when it last ended the connection because it cannot serve anybody for the time being, such as full
 * storage.
 */
export type Status =
  | { state: "connecting"; attempt: number; why?: string }
  | { state: "joining"; attempt: number; why?: string }
  | { state: "open" }
  | { state: "waiting"; retryAt: number; attempt: number; why?: string }
  | { state: "suspended" }
  | { state: "ended"; reason: string };

export interface ConnectionListener {
  /**
   * Called when a line is up. `most` is the size in bytes of the longest packet that the server
   * takes, if known. The state becomes `open` once the server has answered with the pad.
   */
  up(address: PadAddress, most: number | undefined): void;
  /** Called when there is no line any more. Open questions will not be answered. */
  down(): void;
  status(now: Status): void;
  message(message: unknown): void;
  shout(message: unknown): void;
}

export class Connection {
  private readonly addresses: PadAddress[];
  private current: Status = { state: "connecting", attempt: 0 };
  private line: Line | null = null;
  private readonly backoff = new Backoff();
  private readonly ways: Ways;
  private isUp = false;
  private openSince: number | null = null;
  private why: string | undefined;
  private dials = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  /** Does nothing until `dial` is called. Throws an `Error` if an address is not that of a pad. */
  constructor(
    urls: readonly string[],
    private readonly options: LineOptions,
    private readonly listener: ConnectionListener,
    transports?: Transport[],
  ) {
    this.ways = new Ways(transports);
    this.addresses = urls.map((url) => parseAddress(url));
    if (this.addresses.length === 0) throw new Error("no address of a pad was given");
  }

  get status(): Status {
    return this.current;
  }

  get open(): boolean {
    return this.current.state === "open";
  }

  /**
   * Sends a message if there is a line. `answered` is called with the reason if there is none or
   * the server refuses the message, and without one if the server accepts it.
   */
  send(message: object, answered?: (why?: string) => void): void {
    if (this.line === null) answered?.("not connected");
    else this.line.send(message, answered);
  }

  /** Connects to the next address. */
  dial(): void {
    const address = this.addresses[this.dials++ % this.addresses.length] as PadAddress;
    this.isUp = false;
    this.line = new Line(address, this.ways.current, this.options, {
      up: (most) => {
        this.isUp = true;
        this.become({ state: "joining", ...this.tries });
        // A listener to the status may have closed the line.
        if (this.line !== null) this.listener.up(address, most);
      },
      down: (why) => this.lost(why),
      message: (message) => this.listener.message(message),
      shout: (message) => this.listener.shout(message),
    });
    // This comes last, because a listener may close the line at once, and there must be one to
    // close.
    this.become({ state: "connecting", ...this.tries });
  }

  /**
   * The number of the current line, or 0 if there is none. A different number shows that an earlier
   * line has been closed.
   */
  get lineNumber(): number {
    return this.line === null ? 0 : this.dials;
  }

  /** Notes that the server has answered with the pad, or with all that was missed. */
  opened(): void {
    this.openSince = Date.now();
    this.why = undefined;
    this.become({ state: "open" });
  }

  /**
   * Notes that the session has succeeded at something, so that the next attempt comes soon if it
   * breaks.
   */
  progressed(): void {
    this.backoff.progressed();
  }

  /**
   * Closes the line, which is dead or does not answer, or which the server has ended for this
   * reason, and schedules another attempt.
   */
  lost(why?: string): void {
    if (this.current.state === "ended") return;
    this.why = why;
    if (!this.isUp) this.ways.failed();
    this.hangUp();
    const pause = this.backoff.next(Math.random());
    this.retry = setTimeout(() => this.dial(), pause);
    this.become({ state: "waiting", retryAt: Date.now() + pause, ...this.tries });
  }

  suspend(): void {
    if (this.current.state === "ended") return;
    this.hangUp();
    this.become({ state: "suspended" });
  }

  reconnect(): void {
    if (this.current.state === "ended") return;
    this.hangUp();
    this.backoff.progressed();
    this.dial();
  }

  end(reason: string): void {
    if (this.current.state === "ended") return;
    this.hangUp();
    this.become({ state: "ended", reason });
  }

  private get tries(): { attempt: number; why?: string } {
    const { attempts: attempt } = this.backoff;
    return this.why === undefined ? { attempt } : { attempt, why: this.why };
  }

  private hangUp(): void {
    clearTimeout(this.retry);
    if (this.openSince !== null) this.backoff.wasUp(Date.now() - this.openSince);
    this.openSince = null;
    this.line?.close();
    this.line = null;
    this.listener.down();
  }

  private become(status: Status): void {
    this.current = status;
    this.listener.status(status);
  }
}
