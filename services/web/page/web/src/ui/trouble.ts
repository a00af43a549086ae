/**
 * The notice under the bar, which says what is wrong with the connection and what can be done about
 * it.
 */
import type { Pad } from "padfleet-client";

import { onLanguage, say, write, writeVerbatim } from "../words/page.js";
import { announce, byId } from "./dom.js";
import { lineOf, noticeOf } from "./status.js";
import type { StatusLine } from "./statusline.js";

/**
 * Shows the notice, announces important changes of the connection, and reacts to the network and to
 * the user.
 */
export function showTrouble(pad: Pad, line: StatusLine): void {
  const notice = byId("notice");
  const noticeWords = byId("notice-words");
  const button = byId<HTMLButtonElement>("notice-button");
  let said = "";
  let word = ""; // the operator's message, until it is dismissed

  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();

  const show = (): void => {
    const { known } = line;
    // The page asks only if edits could be lost, because browsers do not keep a page that asks in
    // their back/forward cache.
    const unsent = known.joined && !pad.state.settled && pad.status.state !== "ended";
    if (unsent) window.addEventListener("beforeunload", ask);
    else window.removeEventListener("beforeunload", ask);
    const wrong = noticeOf(pad.status, known);
    const cause = wrong === null ? word : say(wrong.words);
    const { seconds } = wrong ?? {};
    const again = seconds === undefined ? [] : [say("notice-again", { seconds })];
    notice.hidden = cause === "";
    notice.dataset["state"] = wrong === null ? "open" : "broken";
    writeVerbatim(noticeWords, [cause, ...again].join(" "));
    write(button, wrong?.button ?? "button-ok");
    // "Saving" and "Saved" change with every word, so only changes of the connection are announced.
    const settled = wrong !== null || lineOf(pad.status, known).mood === "open";
    if (!settled) return;
    const spoken = wrong !== null ? cause : known.joined ? say("status-connected") : "";
    if (spoken !== said) announce(spoken);
    said = spoken;
  };

  button.addEventListener("click", () => {
    if (pad.status.state === "ended") location.reload();
    else if (noticeOf(pad.status, line.known) !== null) pad.reconnect();
    word = "";
    show();
  });
  pad.on("shout", (text) => {
    word = text;
    show();
    announce(text);
  });
  line.shown = show;
  onLanguage(show);
  setInterval(() => {
    // What there is to say also changes with time.
    const { joined, saved } = line.known;
    if (!joined || !saved || pad.status.state !== "open") line.show();
  }, 500);

  document.addEventListener("visibilitychange", () => {
    // Phones may close a page in the background without notice.
    if (document.hidden) void pad.keep();
    // By the time somebody looks at a page that has slept, it has waited long enough.
    else if (pad.status.state === "waiting") pad.reconnect();
  });
  // A page that the user leaves may stay in the back/forward cache. It closes its connection, so
  // that the server no longer counts the user as present.
  window.addEventListener("pagehide", ({ persisted }) => {
    void pad.keep();
    if (persisted) pad.suspend();
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (persisted && navigator.onLine) pad.reconnect();
  });
  window.addEventListener("offline", () => pad.suspend());
  window.addEventListener("online", () => pad.reconnect());
  line.show();
}
