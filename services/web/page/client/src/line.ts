/**
 * A single Socket.IO connection. Each attempt makes a new one, so that each can go to another
 * server.
 */
import { io, type Socket, WebSocket as WebSocketTransport } from "socket.io-client";

import type { PadAddress } from "./address.js";
import type { Way } from "./backoff.js";
import { jsonSize } from "./submissionsize.js";

/** An upper bound for the bytes of a packet in addition to the message in it. */
const ENVELOPE = 64;

export interface LineOptions {
  /** The `auth` data of Socket.IO's handshake. */
  auth?: Record<string, unknown>;
  /** Additional headers. They only work in Node: in a page, the browser sets the headers. */
  extraHeaders?: Record<string, string>;
  /**
   * Opens a WebSocket, for pages that have opened one before this library was loaded. It is called
   * with the address for each attempt over WebSocket alone.
   */
  webSocket?: OpenWebSocket;
}

/** Returns a WebSocket, or something that a caller of one takes for it. */
export type OpenWebSocket = (url: string) => object;

/** Returns the transports of a way, with `open` for its WebSocket. */
function transportsOf(
  { transports }: Way,
  open?: OpenWebSocket,
): Way["transports"] | (typeof WebSocketTransport)[] {
  const alone = transports.length === 1 && transports[0] === "websocket";
  if (open === undefined || !alone) return transports;
  return [
    class extends WebSocketTransport {
      override createSocket(url: string): object {
        return open(url);
      }
    },
  ];
}

export interface LineListener {
  /**
   * Called when the connection is up. `most` is the size in bytes of the longest packet that the
   * server takes, if known.
   */
  up(most: number | undefined): void;
  /**
   * Called once when the connection ends, even if it never opened, with the reason if the server has
   * given one.
   */
  down(why?: string): void;
  message(message: unknown): void;
  /** Called with a message of the server's operator. */
  shout(message: unknown): void;
}

export class Line {
  private readonly socket: Socket;
  private over = false;
  private most: number | undefined;

  constructor(address: PadAddress, way: Way, options: LineOptions, listener: LineListener) {
    const { extraHeaders, auth, webSocket } = options;
    this.socket = io(address.origin, {
      path: address.path,
      query: { padId: address.padId },
      transports: transportsOf(way, webSocket),
      timeout: way.timeout,
      reconnection: false,
      forceNew: true,
      ...(auth === undefined ? {} : { auth }),
      ...(extraHeaders === undefined ? {} : { extraHeaders }),
    });
    let why: string | undefined;
    const down = (): void => {
      if (this.over) return;
      this.close();
      listener.down(why);
    };
    // The limit is part of the handshake, which Socket.IO's client reads itself but emits as an
    // event.
    this.socket.io.engine.once("handshake", ({ maxPayload }: { maxPayload?: unknown }) => {
      if (typeof maxPayload === "number" && maxPayload > 0) this.most = maxPayload;
    });
    this.socket.on("connect", () => listener.up(this.most));
    this.socket.on("connect_error", down);
    this.socket.on("disconnect", (_cause: string, details?: unknown) => {
      why = closeReason(details) ?? why;
      down();
    });
    // Polling has no close frame: there, the reason is the last event.
    this.socket.on("ending", (reason: unknown) => {
      if (typeof reason === "string" && reason !== "") why = reason;
    });
    this.socket.on("shout", (message: unknown) => listener.shout(message));
    this.socket.on("message", (message: unknown, acknowledge?: unknown) => {
      if (this.over) return;
      listener.message(message);
      // Some messages request an acknowledgement. At this point the message has been applied.
      if (typeof acknowledge === "function") (acknowledge as () => void)();
    });
  }

  /**
   * Sends a message. `answered` is called when the server has answered, with the reason if it
   * refuses the message. A message above the server's limit is not sent, since it would break the
   * connection; `answered` is then called with that reason.
   */
  send(message: object, answered?: (why?: string) => void): void {
    if (this.most !== undefined && jsonSize(message) + ENVELOPE > this.most) {
      answered?.(`it takes more than the ${this.most} bytes that the server takes at once`);
      return;
    }
    if (answered === undefined) {
      this.socket.emit("message", message);
      return;
    }
    this.socket.emit("message", message, (answer: unknown) => {
      if (this.over) return;
      const why = (answer as { message?: unknown } | null)?.message;
      answered(typeof why === "string" ? why : undefined);
    });
  }

  close(): void {
    this.over = true;
    this.socket.disconnect();
  }
}

/** The reason in the close frame with which the server has ended a WebSocket. */
function closeReason(details: unknown): string | undefined {
  const reason = (details as { context?: { reason?: unknown } } | undefined)?.context?.reason;
  return typeof reason === "string" && reason !== "" ? reason : undefined;
}
