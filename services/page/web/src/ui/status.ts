/** How the connection is, in words. */
import type { Pad, Status } from "padfleet-client";

import { announce, byId } from "./dom.js";

const ENDED: Record<string, string> = {
  deny: "You may not open this pad.",
  deleted: "This pad has been deleted. Its text is still here for you to copy.",
  userdup: "This pad is open in another window of yours, which has taken over.",
  rateLimited: "You were typing faster than this server allows.",
  corruptPad: "This pad is damaged on the server. Copy what you need from here.",
};

const DIVERGED =
  "What is here no longer fits what the server has. Copy what you need, then load the pad again.";

interface Shown {
  /** For the style: open, busy, or broken. */
  state: string;
  words: string;
  /** Said at length, where something is wrong; with what can be done about it. */
  notice?: string;
  button?: string;
}

/**
 * What is shown of a status. `saved` is whether the server is known to have all that is shown here,
 * `now` the time as of `Date.now()`.
 */
export function describe(status: Status, saved: boolean, joined: boolean, now: number): Shown {
  switch (status.state) {
    case "open":
      return saved ? { state: "open", words: "Saved" } : { state: "busy", words: "Saving…" };
    case "connecting":
      return { state: "busy", words: joined ? "Reconnecting…" : "Connecting…" };
    case "suspended":
      return {
        state: "broken",
        words: "Offline",
        notice: "You are offline. Keep writing: it is kept here, and sent when you are back.",
        button: "Try now",
      };
    case "waiting": {
      if (status.attempt <= 2) return { state: "busy", words: "Reconnecting…" };
      const seconds = Math.max(1, Math.ceil((status.retryAt - now) / 1000));
      const kept = joined ? "Keep writing: it is kept here, and sent later. " : "";
      return {
        state: "broken",
        words: "Not connected",
        notice: `The server cannot be reached. ${kept}Trying again in ${seconds} s.`,
        button: "Try now",
      };
    }
    case "ended":
      return {
        state: "broken",
        words: "Not connected",
        notice: ENDED[status.reason] ?? DIVERGED,
        button: "Load again",
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
  let word = ""; // of the operator, until it is put away

  const show = (): void => {
    const saved = !joined || (pad.state.settled && same());
    const shown = describe(pad.status, saved, joined, Date.now());
    line.dataset["state"] = shown.state;
    if (lineWords.textContent !== shown.words) lineWords.textContent = shown.words;
    const { notice: words = word, button: offer = "OK" } = shown;
    notice.hidden = words === "";
    notice.dataset["state"] = shown.state;
    noticeWords.textContent = words;
    button.textContent = offer;
    // "Saving" and "Saved" come with every word; only what changes about the connection is said.
    const state = shown.state === "broken" ? (shown.notice ?? "") : joined ? "Connected" : "";
    const spoken = state.replace(/ Trying again.*/, "");
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
  pad.on("joined", () => {
    joined = true;
    show();
  });
  pad.on("status", show);
  pad.on("took", show);
  pad.on("edited", show);
  setInterval(() => {
    if (pad.status.state === "waiting") show();
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
