/** How the connection is, in words. */
import type { Pad, Status } from "padfleet-client";

import { onLanguage, say, write, writeVerbatim } from "../words/page.js";
import { announce, byId } from "./dom.js";

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
const PATIENCE = 5000;

interface Shown {
  /** For the style: open, busy, or broken. */
  state: "open" | "busy" | "broken";
  /** The message in the bar. */
  words: string;
  /** The message at length, where something is wrong. */
  notice?: string;
  /** Whole seconds until something is done about it by itself. */
  seconds?: number;
  /** The message on what people can do about it. */
  button?: string;
}

/**
 * What is shown of a status. `saved` is whether the server is known to have all that is shown here,
 * `now` the time as of `Date.now()`,
 * `since` when the page has begun to wait for its pad.
 */
export function describe(
  status: Status,
  saved: boolean,
  joined: boolean,
  now: number,
  since = now,
): Shown {
  switch (status.state) {
    case "open":
      return saved
        ? { state: "open", words: "status-saved" }
        : { state: "busy", words: "status-saving" };
    case "connecting":
      if (!joined && now - since >= PATIENCE) {
        return {
          state: "broken",
          words: "status-connecting",
          notice: "notice-not-open",
          button: "button-try-now",
        };
      }
      return { state: "busy", words: joined ? "status-reconnecting" : "status-connecting" };
    case "suspended":
      return {
        state: "broken",
        words: "status-offline",
        notice: "notice-offline",
        button: "button-try-now",
      };
    case "waiting":
      if (status.attempt <= 2) return { state: "busy", words: "status-reconnecting" };
      return {
        state: "broken",
        words: "status-not-connected",
        notice: joined ? "notice-unreachable" : "notice-not-open",
        seconds: Math.max(1, Math.ceil((status.retryAt - now) / 1000)),
        button: "button-try-now",
      };
    case "ended":
      return {
        state: "broken",
        words: "status-not-connected",
        notice: ENDED[status.reason] ?? "notice-diverged",
        button: "button-reload",
      };
  }
}

/**
 * Keeps the status line and the notice under the bar up to date. `same` is whether what the editor
 * shows is known to be what `pad` has. Returns what brings it up to date when that has changed.
 */
export function showStatus(pad: Pad, same: () => boolean): () => void {
  const line = byId("status");
  const lineWords = byId("status-words");
  const notice = byId("notice");
  const noticeWords = byId("notice-words");
  const button = byId<HTMLButtonElement>("notice-button");
  let said = "";
  let joined = false;
  const since = Date.now();
  let word = ""; // of the operator, until it is put away

  const show = (): void => {
    const saved = !joined || (pad.state.settled && same());
    const shown = describe(pad.status, saved, joined, Date.now(), since);
    line.dataset["state"] = shown.state;
    write(lineWords, shown.words);
    const cause = shown.notice === undefined ? word : say(shown.notice);
    const again =
      shown.seconds === undefined ? [] : [say("notice-again", { seconds: shown.seconds })];
    notice.hidden = cause === "";
    notice.dataset["state"] = shown.state;
    writeVerbatim(noticeWords, [cause, ...again].join(" "));
    write(button, shown.button ?? "button-ok");
    // "Saving" and "Saved" come with every word; only what changes about the connection is said.
    const spoken = shown.state === "broken" ? cause : joined ? say("status-connected") : "";
    if (spoken !== said && shown.state !== "busy") announce(spoken);
    if (shown.state !== "busy") said = spoken;
  };

  button.addEventListener("click", () => {
    if (pad.status.state === "ended") location.reload();
    else if (pad.status.state !== "open") pad.reconnect();
    word = "";
    show();
  });
  pad.on("shout", (text) => {
    word = text;
    show();
    announce(text);
  });
  pad.joined().then(
    () => {
      joined = true;
      show();
    },
    () => undefined, // which is a status
  );
  pad.on("status", show);
  pad.on("took", show);
  pad.on("edited", show);
  onLanguage(show);
  setInterval(() => {
    if (pad.status.state === "waiting" || !joined) show();
  }, 500);

  // A phone that slept has waited long enough by the time somebody looks at it.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && pad.status.state === "waiting") pad.reconnect();
  });
  window.addEventListener("offline", () => pad.suspend());
  window.addEventListener("online", () => pad.reconnect());
  window.addEventListener("beforeunload", (event) => {
    if (joined && !pad.state.settled && pad.status.state !== "ended") event.preventDefault();
  });
  show();
  return show;
}
