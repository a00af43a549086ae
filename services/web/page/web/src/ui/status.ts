/** How the connection is, in words: what is said of it, without a page or a clock. */
import type { Status } from "padfleet-client";

/** For the style: open, busy, or broken. */
export type Mood = "open" | "busy" | "broken";

/** What the bar says. */
export interface Line {
  mood: Mood;
  /** A message of the catalogue. */
  words: string;
}

/** What is said at length, where something is wrong. */
export interface Notice {
  /** The message. */
  words: string;
  /** Whole seconds until something is done about it by itself. */
  seconds?: number;
  /** The message on what people can do about it. */
  button: string;
}

/** What is known beside how the connection is. */
export interface Known {
  /** Whether the pad has been here. */
  joined: boolean;
  /** Whether the server is known to have all that is shown here. */
  saved: boolean;
  /** For how many ms there has been no pad, or the server has taken nothing of what waits for it. */
  stuck: number;
  /** The time as of `Date.now()`. */
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

/** After how many ms it is said that a pad does not come. */
export const PATIENCE = 5000;

/** The same of one that takes nothing: what is long is long under way where the network is slow. */
export const LONG_PATIENCE = 15_000;

/** Attempts that may fail before it is said. */
const SHORT = 2;

/** What the bar says while the connection is as `status`. */
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

/** What is said at length; null while nothing is wrong, or may be over in a moment. */
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
  if (status.state === "joining")
    return { words: joined ? "notice-not-taken" : "notice-not-open", button };
  const words = joined ? "notice-unreachable" : "notice-not-reached";
  if (status.state === "connecting") return { words, button };
  return { words, button, seconds: Math.max(1, Math.ceil((status.retryAt - now) / 1000)) };
}
