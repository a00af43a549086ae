/**
 * Opens the connection before the page's own script has been loaded, so that the pad arrives
 * meanwhile. This knows as much of the protocol as it takes to ask for the pad, and asks at once: a
 * worker reads in order, so no answer has to be awaited. Whatever is heard is kept, and the client
 * library is given a WebSocket that repeats it, as far as the library has said itself what was said
 * for it. If it says anything else, the connection is closed, and the library opens another one.
 */

import type { PadOptions } from "padfleet-client";

declare global {
  interface Window {
    /** What the first script has begun, for the page's own. */
    begun?: { options: PadOptions; ahead: Ahead } | null;
  }
}

/** Socket.IO's CONNECT. */
const CONNECT = "40";

type Listener<E> = ((event: E) => void) | null;

type Heard =
  | { on: "open" | "error"; event: Event }
  | { on: "message"; event: MessageEvent<unknown> }
  | { on: "close"; event: CloseEvent };

/** Returns how many of the two packets the library may yet have to say when it hears this. */
function mayLack(what: Heard): number {
  if (what.on !== "message" || String(what.event.data).startsWith("0")) return 2;
  return /^4[014]/.test(String(what.event.data)) ? 1 : 0;
}

/** A WebSocket that was opened ahead, with the members that the client library uses. */
export class Ahead {
  onopen: Listener<Event> = null;
  onerror: Listener<Event> = null;
  onmessage: Listener<MessageEvent<unknown>> = null;
  onclose: Listener<CloseEvent> = null;
  private readonly kept: Heard[] = [];
  /** What has been said for the library, and it has yet to say. */
  private readonly said: string[] = [];
  private taken = false;
  private repeating = false;

  /** Asks for a pad over `socket`, which is new, with `ready`, the packet of CLIENT_READY. */
  constructor(
    private readonly socket: WebSocket,
    ready: string,
  ) {
    socket.onopen = (event) => {
      this.said.push(CONNECT, ready);
      for (const packet of this.said) socket.send(packet);
      this.heard({ on: "open", event });
    };
    socket.onerror = (event) => this.heard({ on: "error", event });
    socket.onclose = (event) => this.heard({ on: "close", event });
    socket.onmessage = (event: MessageEvent<unknown>) => this.heard({ on: "message", event });
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
    if (this.said.length === 0) {
      this.socket.send(data);
    } else if (this.said[0] === data) {
      this.said.shift();
      this.repeat();
    } else {
      this.said.length = this.kept.length = 0;
      this.close();
    }
  }

  close(): void {
    this.socket.close();
  }

  private heard(what: Heard): void {
    this.kept.push(what);
    if (this.taken) this.repeat();
  }

  /** Tells the library what was heard, up to what answers a packet that it has yet to say. */
  private repeat(): void {
    if (this.repeating) return;
    this.repeating = true;
    try {
      for (let [next] = this.kept; next !== undefined; [next] = this.kept) {
        if (this.said.length > mayLack(next)) break;
        this.kept.shift();
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
