import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AttributePool,
  Body,
  compose,
  inverse,
  makeSplice,
  prepareForWire,
} from "../src/easysync/index.js";
import { type Ask, History, widest } from "../src/history.js";

/** A pad whose text at revision n is the numbers up to n. It answers as Etherpad does. */
class Past {
  readonly pool = new AttributePool();
  readonly bodies: Body[] = [];
  readonly changesets: string[] = [];
  asked = 0;

  constructor(revisions: number) {
    const body = Body.fromAText({ text: "\n", attribs: "|1+1" });
    for (let rev = 0; rev <= revisions; rev += 1) {
      const changeset = makeSplice(
        body.text,
        0,
        0,
        `${rev} `,
        [["author", `a.${rev % 3}`]],
        this.pool,
      );
      this.changesets.push(changeset);
      body.apply(changeset, this.pool);
      this.bodies.push(body.clone());
    }
  }

  readonly ask: Ask = (start, granularity) => {
    this.asked += 1;
    const forwardsChangesets: string[] = [];
    const backwardsChangesets: string[] = [];
    const timeDeltas: number[] = [];
    const last = Math.min(start + 100 * granularity, this.changesets.length);
    const end = Math.floor(last / granularity) * granularity;
    for (let from = start; from < end; from += granularity) {
      const parts = this.changesets.slice(from, from + granularity);
      const forwards = parts.reduce((a, b) => compose(a, b, this.pool));
      const before =
        from === 0 ? { text: "\n", attribs: "|1+1" } : this.bodies[from - 1]!.toAText();
      forwardsChangesets.push(forwards);
      backwardsChangesets.push(inverse(forwards, before, this.pool));
      timeDeltas.push(granularity * 1000);
    }
    const answer = { forwardsChangesets, backwardsChangesets, timeDeltas, start, granularity };
    const apool = this.pool.toJSON();
    return Promise.resolve({ ...answer, apool, actualEndNum: end, requestID: this.asked });
  };

  open(): History {
    const head = this.bodies.length - 1;
    const { text, attribs } = this.bodies[head]!.toAText();
    const wire = prepareForWire(attribs, this.pool);
    return new History({ text, attribs: wire.translated }, wire.pool, head, 1_000_000, this.ask);
  }
}

/** Long enough for steps of every width, and for several of the widest. */
const LONG = new Past(2345);

test("any revision can be gone to, from any other", async () => {
  const history = LONG.open();
  for (const target of [2345, 2344, 0, 1, 99, 100, 1234, 2000, 7, 2345, 1999]) {
    await history.goTo(target);
    assert.equal(history.document.text, LONG.bodies[target]!.text, `revision ${target}`);
  }
});

test("a long way is taken in wide steps", async () => {
  const before = LONG.asked;
  await LONG.open().goTo(0);
  const asked = LONG.asked - before;
  assert.ok(asked <= 8, `${asked} requests`);
});

test("times are known all along, counted from the one that is known", async () => {
  const past = new Past(250);
  const history = past.open();
  await history.goTo(249);
  assert.equal(history.time, 999_000);
  await history.goTo(150);
  assert.equal(history.time, 900_000);
});

test("a revision that came later is asked for again", async () => {
  const past = new Past(20);
  const history = past.open();
  await history.goTo(5);
  const more = new Past(30);
  past.changesets.push(...more.changesets.slice(21));
  past.bodies.push(...more.bodies.slice(21));
  await history.goTo(30);
  assert.equal(history.document.text, past.bodies[30]!.text);
});

test("an answer that lacks what was asked for is an error, not a loop", async () => {
  const past = new Past(20);
  const history = past.open();
  await assert.rejects(history.goTo(25), /no changeset from revision 20 to 21/);
  assert.equal(history.rev, 20);
});

test("steps begin and end where those of their width do", () => {
  assert.equal(widest(99, 1000), 100);
  assert.equal(widest(99, 150), 10);
  assert.equal(widest(100, 1000), 1);
  assert.equal(widest(199, 0), 100);
  assert.equal(widest(5, 4), 1);
});
