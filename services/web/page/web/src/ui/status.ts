/** Describes the state of the connection in words. It needs neither a page nor a clock. */
import type { Status } from "padfleet-client";

/** The kind of state, which determines the style. */
export type Mood = "open" | "busy" | "broken";

/** The short description in the bar. */
export interface Line {
  mood: Mood;
  /** The key of the message. */
  words: string;
}

/** The longer explanation if something is wrong. */
export interface Notice {
  /** The key of the message. */
  words: string;
  /** The whole seconds until the next automatic attempt. */
  seconds?: number;
  /** The key of the message on the button, which says what users can do. */
  button: string;
}

/** What is known in addition to the state of the connection. */
export interface Known {
  /** Whether the pad has arrived before. */
  joined: boolean;
  /** Whether the server is known to have everything that is shown. */
  saved: boolean;
  /**
   * For how many ms there has been no pad, or the server has accepted none of the waiting edits.
   */
  stuck: number;
  /** The time as returned by `Date.now()`. */
  now: number;
}

const ENDED: Record<string, string> = {
  deny: "notice-denied",
  deleted: "notice-deleted",
  kicked: "notice-kicked",
  userdup: "notice-other-window",
  rateLimited: "notice-too-fast",
  corruptPad: "notice-damaged",
  tooLarge: "notice-too-large",
};

/** How long a pad may take to arrive, in ms, before the page says so. */
export const PATIENCE = 5000;

/**
 * How long the server may take to accept edits, in ms, before the page says so. It is longer,
 * because large edits take a while over slow networks.
 */
export const LONG_PATIENCE = 15_000;

/** How many attempts may fail before the page says so. */
const SHORT = 2;

/** Returns the short description of `status`. */
export function lineOf(status: Status, { joined, saved }: Known): Line {
  switch (status.state) {
    case "open":
      return saved
        ? { mood: "open", words: "status-saved" }
        : { mood: "busy", words: "status-saving" };
    case "connecting":
      return { mood: "busy", words: joined ? "status-reconnecting" : "status-connecting" };
    case "joining":
      return { mood: "busy", words: joined ? "status-reconnecting" : "status-opening" };
    case "waiting":
      if (status.attempt > SHORT) return { mood: "broken", words: "status-not-connected" };
      return { mood: "busy", words: joined ? "status-reconnecting" : "status-connecting" };
    case "suspended":
      return { mood: "broken", words: "status-offline" };
    case "ended":
      return { mood: "broken", words: "status-not-connected" };
  }
}

/**
 * Returns the longer explanation of `status`, or null if nothing is wrong or it may be over in a
 * moment.
 */
export function noticeOf(status: Status, { joined, saved, stuck, now }: Known): Notice | null {
  const button = "button-try-now";
  switch (status.state) {
    case "open":
      return saved || stuck < LONG_PATIENCE ? null : { words: "notice-not-taken", button };
    case "suspended":
      return { words: "notice-offline", button };
    case "ended":
      return { words: ENDED[status.reason] ?? "notice-diverged", button: "button-reload" };
  }
  if (stuck < PATIENCE && status.attempt <= SHORT) return null;
  // A server that has said why it ended the connection is there; it cannot store anything.
  const there = status.state === "joining" || status.why !== undefined;
  const words = there
    ? joined
      ? "notice-not-taken"
      : "notice-not-open"
    : joined
      ? "notice-unreachable"
      : "notice-not-reached";
  if (status.state !== "waiting") return { words, button };
  return { words, button, seconds: Math.max(1, Math.ceil((status.retryAt - now) / 1000)) };
}
