/** Keeps the status in the bar true from the first moment on. */
import type { Pad } from "padfleet-client";

import { write } from "../words/page.js";
import { byId } from "./dom.js";
import { type Known, lineOf, noticeOf } from "./status.js";

export class StatusLine {
  private joined = false;
  /** Since when, as of `Date.now()`, there is no pad, or nothing has come of what waits. */
  private since = Date.now();
  private readonly line = byId("status");
  private readonly words = byId("status-words");

  /** Whether what is shown is known to be what the pad has. An editor begins with just that. */
  same: () => boolean = () => true;
  /** Is told when there may be something else to be said at length, too. */
  shown: () => void = () => undefined;

  constructor(private readonly pad: Pad) {
    let open = false;
    pad.on("status", ({ state }) => {
      if (open !== (state === "open")) this.since = Date.now();
      open = state === "open";
      this.show();
    });
    pad.on("joined", () => {
      this.joined = true;
      this.show();
    });
    pad.on("accepted", () => (this.since = Date.now()));
    let settled = true;
    pad.on("took", () => {
      settled = pad.state.settled;
      this.show();
    });
    pad.on("edited", () => {
      if (settled) this.since = Date.now(); // what is written now has not waited yet
      settled = false;
      this.show();
    });
    this.show();
  }

  get known(): Known {
    const { joined, pad } = this;
    const now = Date.now();
    const saved = joined && pad.state.settled && this.same();
    // A clock that has been put back says nothing about how long it was.
    return { joined, saved, stuck: Math.max(0, now - this.since), now };
  }

  show(): void {
    const { known, pad } = this;
    const { mood, words } = lineOf(pad.status, known);
    const broken = mood === "broken" || noticeOf(pad.status, known) !== null;
    this.line.dataset["state"] = broken ? "broken" : mood;
    write(this.words, words);
    this.shown();
  }
}
