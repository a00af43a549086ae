/** One Socket.IO connection. A new one is made each time, so that each can go to another server. */
import { io, type Socket } from "socket.io-client";

import type { PadAddress } from "./address.js";
import type { Way } from "./backoff.js";
import { jsonSize } from "./splitting.js";

/** Bytes of a packet beside the message in it. */
const ENVELOPE = 64;

export interface LineOptions {
  /** Given to the server as Socket.IO's handshake `auth`. */
  auth?: Record<string, unknown>;
  /** Only in Node: a page's browser sends its own. */
  extraHeaders?: Record<string, string>;
}

export interface LineListener {
  /** `most`: bytes of the longest packet that the server takes, if it says so. */
  up(most: number | undefined): void;
  /** Called once, also when the connection never came about. */
  down(): void;
  message(message: unknown): void;
  /** A word from whoever runs the server. */
  shout(message: unknown): void;
}

export class Line {
  private readonly socket: Socket;
  private over = false;
  private most: number | undefined;

  constructor(address: PadAddress, way: Way, options: LineOptions, listener: LineListener) {
    const { extraHeaders, auth } = options;
    this.socket = io(address.origin, {
      path: address.path,
      query: { padId: address.padId },
      transports: way.transports,
      timeout: way.timeout,
      reconnection: false,
      forceNew: true,
      ...(auth === undefined ? {} : { auth }),
      ...(extraHeaders === undefined ? {} : { extraHeaders }),
    });
    const down = (): void => {
      if (this.over) return;
      this.close();
      listener.down();
    };
    // Of the handshake, which Socket.IO's client reads for itself, and shows to whoever listens.
    this.socket.io.engine.once("handshake", ({ maxPayload }: { maxPayload?: unknown }) => {
      if (typeof maxPayload === "number" && maxPayload > 0) this.most = maxPayload;
    });
    this.socket.on("connect", () => listener.up(this.most));
    this.socket.on("connect_error", down);
    this.socket.on("disconnect", down);
    this.socket.on("shout", (message: unknown) => listener.shout(message));
    this.socket.on("message", (message: unknown, acknowledge?: unknown) => {
      if (this.over) return;
      listener.message(message);
      // Some messages ask whether they have arrived; by now they are taken in.
      if (typeof acknowledge === "function") (acknowledge as () => void)();
    });
  }

  /**
   * `answered` is called when the server has answered: with why it does not serve this, or without.
   * What is larger than the server takes is not sent: it would break the connection.
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
