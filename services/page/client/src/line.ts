/** One Socket.IO connection. A new one is made each time, so that each can go to another server. */
import { io, type Socket } from "socket.io-client";

import type { PadAddress } from "./address.js";

/** Milliseconds for a connection to come about before the next attempt. */
const DIAL_TIMEOUT = 10_000;

export interface LineOptions {
  transports: ("websocket" | "polling")[];
  /** Given to the server as Socket.IO's handshake `auth`. */
  auth?: Record<string, unknown>;
  /** Only in Node: a page's browser sends its own. */
  extraHeaders?: Record<string, string>;
}

export interface LineListener {
  up(): void;
  /** Called once, also when the connection never came about. */
  down(): void;
  message(message: unknown): void;
  /** A word from whoever runs the server. */
  shout(message: unknown): void;
}

export class Line {
  private readonly socket: Socket;
  private over = false;

  constructor(address: PadAddress, options: LineOptions, listener: LineListener) {
    const { extraHeaders, auth, transports } = options;
    this.socket = io(address.origin, {
      path: address.path,
      query: { padId: address.padId },
      transports,
      timeout: DIAL_TIMEOUT,
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
    this.socket.on("connect", () => listener.up());
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

  /** `refused` is called if the server answers that it does not serve this. */
  send(message: object, refused?: (why: string) => void): void {
    if (refused === undefined) {
      this.socket.emit("message", message);
      return;
    }
    this.socket.emit("message", message, (answer: unknown) => {
      const why = (answer as { message?: unknown } | null)?.message;
      if (typeof why === "string") refused(why);
    });
  }

  close(): void {
    this.over = true;
    this.socket.disconnect();
  }
}
