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

  const show = (): void => {
    const { known } = line;
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

  // A phone that slept has waited long enough by the time somebody looks at it.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && pad.status.state === "waiting") pad.reconnect();
  });
  window.addEventListener("offline", () => pad.suspend());
  window.addEventListener("online", () => pad.reconnect());
  window.addEventListener("beforeunload", (event) => {
    if (line.known.joined && !pad.state.settled && pad.status.state !== "ended")
      event.preventDefault();
  });
  line.show();
}
