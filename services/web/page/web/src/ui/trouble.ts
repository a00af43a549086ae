/** The notice under the bar: what is wrong with the connection, and what can be done about it. */
import type { Pad } from "padfleet-client";

import { onLanguage, say, write, writeVerbatim } from "../words/page.js";
import { announce, byId } from "./dom.js";
import { lineOf, noticeOf } from "./status.js";
import type { StatusLine } from "./statusline.js";

/** Shows the notice, says aloud what matters about the connection, and heeds the network and the person. */
export function showTrouble(pad: Pad, line: StatusLine): void {
  const notice = byId("notice");
  const noticeWords = byId("notice-words");
  const button = byId<HTMLButtonElement>("notice-button");
  let said = "";
  let word = ""; // of the operator, until it is put away

  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();

  const show = (): void => {
    const { known } = line;
    // Only where there is something to lose: browsers keep no page for the way back that asks.
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
    // "Saving" and "Saved" come with every word; only what changes about the connection is said.
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
    // Time alone changes what there is to say.
    const { joined, saved } = line.known;
    if (!joined || !saved || pad.status.state !== "open") line.show();
  }, 500);

  document.addEventListener("visibilitychange", () => {
    // What nobody looks at may be closed by a phone without another word.
    if (document.hidden) void pad.keep();
    // One that slept has waited long enough by the time somebody looks at it.
    else if (pad.status.state === "waiting") pad.reconnect();
  });
  // A page that is left is kept for the way back, as it is: without a connection, and to the server
  // nobody is there.
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
