import assert from "node:assert/strict";
import { test } from "node:test";

import type { Status } from "padfleet-client";

import { describe } from "../src/ui/status.js";

const NOW = 1_000_000;

function words(status: Status, settled = true, joined = true): string {
  const shown = describe(status, settled, joined, NOW);
  const { state, words, notice, seconds, button } = shown;
  return [state, words, notice, seconds, button].filter(Boolean).join(" | ");
}

test("what is saved is told from what is not", () => {
  assert.equal(words({ state: "open" }), "open | status-saved");
  assert.equal(words({ state: "open" }, false), "busy | status-saving");
});

test("the first connection is told from one that was lost", () => {
  assert.equal(words({ state: "connecting" }, true, false), "busy | status-connecting");
  assert.equal(words({ state: "connecting" }), "busy | status-reconnecting");
});

test("a short interruption is no alarm; a longer one says what happens to the text", () => {
  const retryAt = NOW + 4200;
  assert.equal(words({ state: "waiting", retryAt, attempt: 2 }), "busy | status-reconnecting");
  assert.equal(
    words({ state: "waiting", retryAt, attempt: 3 }),
    "broken | status-not-connected | notice-unreachable | 5 | button-try-now",
  );
  // Who has no pad yet has nothing to keep.
  assert.match(words({ state: "waiting", retryAt, attempt: 3 }, true, false), /notice-not-open \|/);
  assert.match(words({ state: "waiting", retryAt: NOW - 1, attempt: 3 }), /\| 1 \|/);
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
  const at = (since: number, joined: boolean): string | undefined =>
    describe({ state: "connecting" }, true, joined, NOW, since).notice;
  assert.equal(at(NOW - 4999, false), undefined);
  assert.equal(at(NOW - 5000, false), "notice-not-open");
  assert.equal(at(NOW - 5000, true), undefined);
});
