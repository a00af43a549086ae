/** Keeps the status in the bar up to date from the start. */
import type { Pad } from "padfleet-client";

import { write } from "../words/page.js";
import { byId } from "./dom.js";
import { type Known, lineOf, noticeOf } from "./status.js";

export class StatusLine {
  private joined = false;
  /**
   * Since when, as returned by `Date.now()`, there has been no pad, or no waiting edit has been
   * accepted.
   */
  private since = Date.now();
  private readonly line = byId("status");
  private readonly words = byId("status-words");

  /** Whether the text that is shown is known to be the pad's. It is when the editor begins. */
  same: () => boolean = () => true;
  /** Called when the longer explanation may have changed. */
  shown: () => void = () => undefined;

  constructor(private readonly pad: Pad) {
    let open = pad.status.state === "open";
    pad.on("status", ({ state }) => {
      if (open !== (state === "open")) this.since = Date.now();
      open = state === "open";
      this.show();
    });
    pad.on("joined", () => this.show());
    // By a promise, since the pad may have come before all of the page had been parsed.
    pad.joined().then(
      () => {
        this.joined = true;
        this.show();
      },
      () => undefined, // it has ended, as the status says
    );
    pad.on("accepted", () => (this.since = Date.now()));
    let settled = true;
    pad.on("took", () => {
      settled = pad.state.settled;
      this.show();
    });
    pad.on("edited", () => {
      if (settled) this.since = Date.now(); // this edit has only just begun to wait
      settled = false;
      this.show();
    });
    this.show();
  }

  get known(): Known {
    const { joined, pad } = this;
    const now = Date.now();
    const saved = joined && pad.state.settled && this.same();
    // If the clock was set back, the time that has passed is unknown.
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
