import assert from "node:assert/strict";
import { test } from "node:test";

import type { Status } from "padfleet-client";

import { describe } from "../src/ui/status.js";

const NOW = 1_000_000;

function words(status: Status, settled = true, joined = true): string {
  const shown = describe(status, settled, joined, NOW);
  return [shown.state, shown.words, shown.notice, shown.button].filter(Boolean).join(" | ");
}

test("what is saved is told from what is not", () => {
  assert.equal(words({ state: "open" }), "open | Saved");
  assert.equal(words({ state: "open" }, false), "busy | Saving…");
});

test("the first connection is told from one that was lost", () => {
  assert.equal(words({ state: "connecting" }, true, false), "busy | Connecting…");
  assert.equal(words({ state: "connecting" }), "busy | Reconnecting…");
});

test("a short interruption is no alarm; a longer one says what happens to the text", () => {
  const retryAt = NOW + 4200;
  assert.equal(words({ state: "waiting", retryAt, attempt: 2 }), "busy | Reconnecting…");
  assert.equal(
    words({ state: "waiting", retryAt, attempt: 3 }),
    "broken | Not connected | The server cannot be reached. " +
      "Keep writing: it is kept here, and sent later. Trying again in 5 s. | Try now",
  );
  // Who has no pad yet has nothing to keep.
  assert.doesNotMatch(words({ state: "waiting", retryAt, attempt: 3 }, true, false), /kept/);
  assert.match(words({ state: "waiting", retryAt: NOW - 1, attempt: 3 }), /in 1 s/);
});

test("the end has a reason, and an unknown one is taken for the worst", () => {
  assert.match(words({ state: "ended", reason: "deleted" }), /has been deleted.*Load again/);
  assert.match(words({ state: "ended", reason: "deny" }), /may not open/);
  const worst = words({ state: "ended", reason: "badChangeset" });
  assert.match(worst, /no longer fits/);
  assert.equal(words({ state: "ended", reason: "revision 9 came at revision 7" }), worst);
});
