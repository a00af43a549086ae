/** A pad whose server is the test itself. */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AttributePool,
  Body,
  makeSplice,
  moveToPool,
  prepareForWire,
} from "../src/easysync/index.js";
import { Pad } from "../src/index.js";
import type { Submission } from "../src/messages.js";

const OTHER = "a.other";

/** A pad at an address where nothing answers, and to which nothing is sent. */
export class Desk {
  readonly pad = new Pad("http://127.0.0.1:9/p/x", { interval: 0 });
  readonly sent: Submission[] = [];
  readonly server = Body.fromAText({ text: "Hello\n", attribs: "|1+6" });
  readonly pool = new AttributePool();
  rev = 0;

  constructor() {
    // Lines are opened, but closed before they can connect.
    const silence = (): void => this.pad["conversation"].connection["line"]?.close();
    silence();
    this.pad.on("status", silence);
    this.pad["conversation"].connection.send = (message) => {
      const { data } = message as { data?: Submission };
      if (data?.type === "USER_CHANGES") this.sent.push(data);
    };
    this.give({
      type: "CLIENT_VARS",
      data: {
        userId: "a.me",
        readonly: false,
        historicalAuthorData: {},
        savedRevisions: [],
        collab_client_vars: {
          initialAttributedText: this.server.toAText(),
          apool: this.pool.toJSON(),
          rev: 0,
          historicalAuthorData: {},
        },
      },
    });
  }

  give(message: object): void {
    this.pad["conversation"]["receive"](message);
  }

  say(data: object): void {
    this.give({ type: "COLLABROOM", data });
  }

  /** Returns a revision by somebody else, as a server sends it. */
  revision(start: number, removed: number, inserted: string): object {
    const mine = [["author", OTHER]] as const;
    const changeset = makeSplice(this.server.text, start, removed, inserted, mine, this.pool);
    this.server.apply(changeset, this.pool);
    const { translated, pool } = prepareForWire(changeset, this.pool);
    this.rev += 1;
    return { newRev: this.rev, changeset: translated, apool: pool.toJSON(), author: OTHER };
  }

  /** Accepts the last submission, which must be for the newest revision. */
  accept(): void {
    const { baseRev, changeset, apool } = this.sent.at(-1) as Submission;
    assert.equal(baseRev, this.rev);
    this.server.apply(moveToPool(changeset, AttributePool.from(apool), this.pool), this.pool);
    this.rev += 1;
    this.say({ type: "ACCEPT_COMMIT", newRev: this.rev });
  }

  /** Waits until all edits are sent and accepted, and checks that both sides then have the same. */
  async settle(): Promise<void> {
    for (let tries = 0; !this.pad.state.settled; tries += 1) {
      assert.ok(tries < 1000, "what waits is not sent");
      const before = this.sent.length;
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (this.sent.length > before) this.accept();
    }
    assert.equal(this.pad.text, this.server.text);
    assert.equal(this.pad.rev, this.rev);
  }
}

export function run(name: string, what: (desk: Desk) => Promise<void>): void {
  test(name, { timeout: 10_000 }, async () => {
    const desk = new Desk();
    try {
      await what(desk);
    } finally {
      desk.pad.close();
    }
  });
}
