import assert from "node:assert/strict";
import { test } from "node:test";

import { easysync, type Revision } from "padfleet-client";

import { touches } from "../src/editor/composing.js";

const TEXT = "first\nsecond\nthird\n"; // the second line is from 6 to 12

function revision(start: number, removed: number, inserted: string, text = TEXT): Revision {
  const pool = new easysync.AttributePool();
  const changeset = easysync.makeSplice(text, start, removed, inserted);
  return { type: "NEW_CHANGES", newRev: 1, changeset, apool: pool.toJSON() };
}

test("a revision in the line waits, one in another does not", () => {
  const line = { from: 6, to: 12 };
  const at = (start: number, removed: number, inserted: string, own = 0): boolean =>
    touches(revision(start, removed, inserted), line, own);
  assert.equal(at(6, 0, "x"), true);
  assert.equal(at(12, 0, "x"), true);
  assert.equal(at(8, 2, ""), true);
  assert.equal(at(3, 12, ""), true);
  assert.equal(at(5, 0, "x"), false);
  assert.equal(at(0, 3, "xyz"), false);
  assert.equal(at(13, 0, "x"), false);
  // Edits that are not accepted may have moved the line.
  assert.equal(at(13, 0, "x", 1), true);
  assert.equal(at(4, 0, "x", 2), true);
  assert.equal(at(2, 0, "x", 3), false);
});

test("what brings no text of others never waits by itself", () => {
  assert.equal(touches({ type: "ACCEPT_COMMIT", newRev: 3 }, { from: 0, to: 9 }, 9), false);
});
