/**
 * Opens the connection before the page's own script has been loaded, so that the pad arrives
 * meanwhile. This knows as much of the protocol as it takes to ask for the pad. Whatever is said and
 * heard is recorded, and the client library is given a WebSocket that repeats it to the library. If
 * the library says anything else than what has been said for it, the connection is closed, and the
 * library opens another one.
 */

import type { PadOptions } from "padfleet-client";

declare global {
  interface Window {
    /** What the first script has begun, for the page's own. */
    begun?: { options: PadOptions; ahead: Ahead } | null;
  }
}

/** Engine.IO's packet that opens, and Socket.IO's CONNECT. */
const OPENED = "0";
const CONNECT = "40";

type Listener<E> = ((event: E) => void) | null;

type Heard =
  | { on: "open" | "error"; event: Event }
  | { on: "message"; event: MessageEvent<unknown> }
  | { on: "close"; event: CloseEvent };

/** A WebSocket that was opened ahead, with the members that the client library uses. */
export class Ahead {
  onopen: Listener<Event> = null;
  onerror: Listener<Event> = null;
  onmessage: Listener<MessageEvent<unknown>> = null;
  onclose: Listener<CloseEvent> = null;
  private readonly record: (Heard | { said: string })[] = [];
  private taken = false;
  private repeating = false;

  /** Asks for a pad over `socket`, which is new, with `ready`, the packet of CLIENT_READY. */
  constructor(
    private readonly socket: WebSocket,
    ready: string,
  ) {
    socket.onopen = (event) => this.heard({ on: "open", event });
    socket.onerror = (event) => this.heard({ on: "error", event });
    socket.onclose = (event) => this.heard({ on: "close", event });
    socket.onmessage = (event: MessageEvent<unknown>) => {
      this.heard({ on: "message", event });
      const { data } = event;
      if (this.taken || typeof data !== "string") return;
      if (data.startsWith(OPENED)) this.say(CONNECT);
      else if (data.startsWith(CONNECT)) this.say(ready);
    };
  }

  /** Returns this as the WebSocket to `url`, or null if it leads elsewhere or has been taken. */
  take(url: string): this | null {
    if (this.taken || this.socket.url !== new URL(url).href) return null;
    this.taken = true;
    // By then, the library has set its listeners.
    queueMicrotask(() => this.repeat());
    return this;
  }

  get binaryType(): BinaryType {
    return this.socket.binaryType;
  }

  set binaryType(kind: BinaryType) {
    this.socket.binaryType = kind;
  }

  send(data: string): void {
    const [next] = this.record;
    if (next !== undefined && "said" in next && next.said === data) {
      this.record.shift();
      this.repeat();
    } else if (this.record.some((step) => "said" in step)) {
      this.record.length = 0;
      this.close();
    } else {
      this.socket.send(data);
    }
  }

  close(): void {
    this.socket.close();
  }

  private say(packet: string): void {
    this.socket.send(packet);
    this.record.push({ said: packet });
  }

  private heard(what: Heard): void {
    this.record.push(what);
    if (this.taken) this.repeat();
  }

  /** Tells the library what was heard, up to the next packet that the library has yet to say. */
  private repeat(): void {
    if (this.repeating) return;
    this.repeating = true;
    try {
      for (let [next] = this.record; next !== undefined && "on" in next; [next] = this.record) {
        this.record.shift();
        this.tell(next);
      }
    } finally {
      this.repeating = false;
    }
  }

  private tell(what: Heard): void {
    if (what.on === "message") this.onmessage?.(what.event);
    else if (what.on === "close") this.onclose?.(what.event);
    else if (what.on === "open") this.onopen?.(what.event);
    else this.onerror?.(what.event);
  }
}
