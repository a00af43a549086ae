import assert from "node:assert/strict";
import { test } from "node:test";

import type { Status } from "padfleet-client";

import { type Known, lineOf, LONG_PATIENCE, noticeOf, PATIENCE } from "../src/ui/status.js";

const NOW = 1_000_000;
const FINE: Known = { joined: true, saved: true, stuck: 0, now: NOW };

/** Returns everything that the page says, in one line. */
function words(status: Status, known: Partial<Known> = {}): string {
  const all = { ...FINE, ...known };
  const { mood, words } = lineOf(status, all);
  const notice = noticeOf(status, all);
  return [mood, words, notice?.words, notice?.seconds, notice?.button].filter(Boolean).join(" | ");
}

const connecting = (attempt = 0): Status => ({ state: "connecting", attempt });
const joining = (attempt = 0): Status => ({ state: "joining", attempt });
const waiting = (attempt: number, ms = 4200): Status => {
  return { state: "waiting", retryAt: NOW + ms, attempt };
};

test("what is saved is told from what is not", () => {
  assert.equal(words({ state: "open" }), "open | status-saved");
  assert.equal(words({ state: "open" }, { saved: false }), "busy | status-saving");
});

test("the way to the server is told from the way to the pad, and both from coming back", () => {
  assert.equal(words(connecting(), { joined: false }), "busy | status-connecting");
  assert.equal(words(joining(), { joined: false }), "busy | status-opening");
  assert.equal(words(connecting()), "busy | status-reconnecting");
  assert.equal(words(joining()), "busy | status-reconnecting");
  // A user for whom the pad has never arrived is not reconnecting.
  assert.equal(words(waiting(1), { joined: false }), "busy | status-connecting");
});

test("a short interruption is no alarm; a longer one says what happens to the text", () => {
  assert.equal(words(waiting(2)), "busy | status-reconnecting");
  assert.equal(
    words(waiting(3)),
    "broken | status-not-connected | notice-unreachable | 5 | button-try-now",
  );
  // A user without a pad has nothing to keep.
  assert.match(words(waiting(3), { joined: false }), /notice-not-reached \|/);
  assert.match(words(waiting(3, -1)), /\| 1 \|/);
});

test("a server that says why it serves nobody is not called unreachable", () => {
  const why = "its disk may be full";
  for (const state of [waiting(3), connecting(3)].map((status) => ({ ...status, why }) as Status)) {
    assert.match(words(state), /notice-not-taken/);
    assert.match(words(state, { joined: false }), /notice-not-open/);
  }
});

test("the end has a reason, and an unknown one is taken for the worst", () => {
  assert.match(words({ state: "ended", reason: "deleted" }), /notice-deleted.*button-reload/);
  assert.match(words({ state: "ended", reason: "deny" }), /notice-denied/);
  assert.match(words({ state: "ended", reason: "kicked" }), /notice-kicked.*button-reload/);
  const worst = words({ state: "ended", reason: "badChangeset" });
  assert.match(worst, /notice-diverged/);
  assert.equal(words({ state: "ended", reason: "revision 9 came at revision 7" }), worst);
});

test("a pad that does not come is no reason to wait without a word", () => {
  const notice = (status: Status, joined: boolean, stuck = PATIENCE): string | undefined =>
    noticeOf(status, { ...FINE, joined, stuck })?.words;
  assert.equal(notice(joining(), false, PATIENCE - 1), undefined);
  // A server out of reach is distinguished from one that is reached but does not serve.
  assert.equal(notice(connecting(), false), "notice-not-reached");
  assert.equal(notice(joining(), false), "notice-not-open");
  assert.equal(notice(connecting(), true), "notice-unreachable");
  assert.equal(notice(joining(), true), "notice-not-taken");
  assert.equal(notice(waiting(1), true), "notice-unreachable");
});

test("what is said stays while attempt follows attempt", () => {
  for (const attempt of [3, 4, 9]) {
    for (const joined of [false, true]) {
      for (const status of [connecting(attempt), joining(attempt), waiting(attempt)])
        assert.notEqual(noticeOf(status, { ...FINE, joined, stuck: 0 }), null);
    }
  }
});

test("a server that takes nothing for long is no quiet saving", () => {
  const notice = (stuck: number, saved = false): string | undefined =>
    noticeOf({ state: "open" }, { ...FINE, saved, stuck })?.words;
  assert.equal(notice(LONG_PATIENCE - 1), undefined);
  assert.equal(notice(LONG_PATIENCE), "notice-not-taken");
  assert.equal(notice(LONG_PATIENCE, true), undefined);
});
