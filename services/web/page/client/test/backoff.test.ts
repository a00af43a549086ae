import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff, LONGEST_PAUSE, STEADY, Ways } from "../src/backoff.js";
import { Outbox } from "../src/outbox.js";

test("pauses grow, whatever comes about, until something has come of it", () => {
  const backoff = new Backoff();
  const pauses = Array.from({ length: 10 }, () => backoff.next(1));
  assert.deepEqual(pauses.slice(0, 4), [250, 500, 1000, 2000]);
  assert.equal(pauses.at(-1), LONGEST_PAUSE);
  backoff.wasUp(STEADY - 1);
  assert.equal(backoff.next(0), LONGEST_PAUSE / 2);
  backoff.wasUp(STEADY);
  assert.equal(backoff.next(1), 250);
  backoff.next(1);
  backoff.progressed();
  assert.equal(backoff.attempts, 0);
  assert.equal(backoff.next(1), 250);
});

test("where no WebSocket comes about, polling is tried, and gone on with where it works", () => {
  const ways = new Ways();
  assert.deepEqual(ways.current.transports, ["websocket"]);
  ways.failed();
  assert.deepEqual(ways.current.transports, ["polling", "websocket"]);
  ways.failed();
  assert.deepEqual(ways.current.transports, ["websocket"]);
  const chosen = new Ways(["polling"]);
  chosen.failed();
  assert.deepEqual(chosen.current.transports, ["polling"]);
});

test("what is said is confirmed, said again or given back, once", () => {
  const outbox = new Outbox();
  const heard: string[] = [];
  const say = (name: string, repeatable: boolean): ((why?: string) => void) =>
    outbox.put({
      data: {},
      repeatable,
      settled: (why = "confirmed") => heard.push(`${name} ${why}`),
    });
  const first = say("first", true);
  first();
  first("late");
  const second = say("second", true);
  say("third", false);
  outbox.lost("lost");
  assert.equal(outbox.outstanding.length, 1);
  second("refused");
  say("fourth", true);
  outbox.end("over");
  assert.deepEqual(heard, ["first confirmed", "third lost", "second refused", "fourth over"]);
  assert.equal(outbox.outstanding.length, 0);
});
