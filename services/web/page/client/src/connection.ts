/** A connection that is made again when it breaks. What is said over it is the business of `Pad`. */
import { type PadAddress, parseAddress } from "./address.js";
import { Backoff, type Transport, Ways } from "./backoff.js";
import { Line, type LineOptions } from "./line.js";

/**
 * How the connection is. `connecting` is on the way to the server; `joining` has reached it, and asked
 * for the pad. `retryAt` is a time as of `Date.now()`, `attempt` how many have failed since something
 * came of one.
 */
export type Status =
  | { state: "connecting"; attempt: number }
  | { state: "joining"; attempt: number }
  | { state: "open" }
  | { state: "waiting"; retryAt: number; attempt: number }
  | { state: "suspended" }
  | { state: "ended"; reason: string };

export interface ConnectionListener {
  /** A line is there. It is `open` once what is said over it has led to something. */
  up(address: PadAddress, most: number | undefined): void;
  /** There is none any more; what was asked will not be answered. */
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
  private dials = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;

  /** Does nothing before `dial`. Throws an `Error` for addresses that are not those of a pad. */
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

  /** Sends, if there is a line; `answered` is told why not, also if the server says so. */
  send(message: object, answered?: (why?: string) => void): void {
    if (this.line === null) answered?.("not connected");
    else this.line.send(message, answered);
  }

  /** Connects to the next of the addresses. */
  dial(): void {
    const address = this.addresses[this.dials++ % this.addresses.length] as PadAddress;
    this.isUp = false;
    this.line = new Line(address, this.ways.current, this.options, {
      up: (most) => {
        this.isUp = true;
        this.become({ state: "joining", attempt: this.backoff.attempts });
        // Whoever heard of it may have hung up.
        if (this.line !== null) this.listener.up(address, most);
      },
      down: () => this.lost(),
      message: (message) => this.listener.message(message),
      shout: (message) => this.listener.shout(message),
    });
    // Told last: whoever hears of it may hang up at once, and there has to be something to hang up.
    this.become({ state: "connecting", attempt: this.backoff.attempts });
  }

  /** Which of the lines so far is the one at hand; another number says that it was hung up. */
  get lineNumber(): number {
    return this.line === null ? 0 : this.dials;
  }

  /** What was said over the line has led to something. */
  opened(): void {
    this.openSince = Date.now();
    this.become({ state: "open" });
  }

  /** Something has come of the session: should it end, the next attempt is due soon. */
  progressed(): void {
    this.backoff.progressed();
  }

  /** The line is dead, or as good as dead; another attempt is due. */
  lost(): void {
    if (this.current.state === "ended") return;
    if (!this.isUp) this.ways.failed();
    this.hangUp();
    const pause = this.backoff.next(Math.random());
    this.retry = setTimeout(() => this.dial(), pause);
    const { attempts: attempt } = this.backoff;
    this.become({ state: "waiting", retryAt: Date.now() + pause, attempt });
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
