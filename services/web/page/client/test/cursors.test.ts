import assert from "node:assert/strict";
import { test } from "node:test";

import { carried, carriedBack, Cursors } from "../src/cursors.js";
import { Builder, textChanges } from "../src/easysync/index.js";

/** Returns the changeset that replaces `removed` units at `start` with `inserted`. */
function splice(text: string, start: number, removed: number, inserted: string): string {
  return new Builder(text.length)
    .keepText(text.slice(0, start))
    .removeText(text.slice(start, start + removed))
    .insert(inserted)
    .toChangeset();
}

const change = (from: number, to: number, insert: string) => ({ from, to, insert });

test("a position goes along with the text around it", () => {
  assert.equal(carried(3, [change(0, 0, "ab")], false), 5);
  assert.equal(carried(3, [change(4, 6, "")], false), 3);
  assert.equal(carried(3, [change(1, 2, "")], false), 2);
  assert.equal(carried(3, [change(1, 5, "")], false), 1, "in what is removed");
  assert.equal(carried(3, [change(1, 5, "xyz")], false), 1);
  assert.equal(carried(3, [change(1, 5, "xyz")], true), 4);
  assert.equal(carried(3, [change(3, 3, "xy")], false), 3, "others type right there");
  assert.equal(carried(3, [change(3, 3, "xy")], true), 5, "he types himself");
  assert.equal(carried(3, [change(2, 3, "")], true), 2, "he takes back a letter");
  assert.equal(carried(9, [change(0, 2, ""), change(4, 4, "abc"), change(9, 9, "!")], false), 10);
});

test("and back to where it was", () => {
  assert.equal(carriedBack(5, [change(0, 0, "ab")]), 3);
  assert.equal(carriedBack(1, [change(0, 0, "ab")]), 0, "in what is new");
  assert.equal(carriedBack(2, [change(0, 0, "ab")]), 0);
  assert.equal(carriedBack(2, [change(1, 2, "")]), 3);
  assert.equal(carriedBack(3, [change(5, 5, "x")]), 3);
});

test("what nobody has changed is where it was, both ways", () => {
  const changes = [change(2, 4, "abc"), change(8, 8, "!"), change(10, 15, "")];
  for (const position of [0, 1, 2, 5, 6, 7, 16, 20]) {
    assert.equal(carriedBack(carried(position, changes, false), changes), position);
  }
});

test("a place of an older revision is carried along; of a later one, it waits for it", () => {
  const cursors = new Cursors("a.me", 5);
  const first = splice("hello\n", 0, 0, ">> ");
  cursors.revision(6, "a.bob", first);
  assert.ok(cursors.reported({ userId: "a.ada", rev: 5, anchor: 2, head: 4 }));
  assert.deepEqual([...cursors.seen([], 9)], [["a.ada", { anchor: 5, head: 7 }]]);
  assert.ok(cursors.reported({ userId: "a.ada", rev: 7, anchor: 0, head: 0 }));
  assert.deepEqual([...cursors.seen([], 9)], [], "she has seen what we have not");
  cursors.revision(7, "a.ada", splice(">> hello\n", 0, 3, ""));
  assert.deepEqual([...cursors.seen([], 6)], [["a.ada", { anchor: 0, head: 0 }]]);
});

test("who types has the cursor behind it, and the others' stay where they are", () => {
  const cursors = new Cursors("a.me", 0);
  cursors.reported({ userId: "a.ada", rev: 0, anchor: 5, head: 5 });
  cursors.reported({ userId: "a.bob", rev: 0, anchor: 5, head: 5 });
  cursors.revision(1, "a.ada", splice("hello\n", 5, 0, " world"));
  assert.deepEqual(Object.fromEntries(cursors.seen([], 12)), {
    "a.ada": { anchor: 11, head: 11 },
    "a.bob": { anchor: 5, head: 5 },
  });
});

test("own edits on their way stand between what is told and what is seen", () => {
  const cursors = new Cursors("a.me", 3);
  const inFlight = splice("hello\n", 0, 0, "oh, ");
  const waiting = splice("oh, hello\n", 9, 0, "!");
  cursors.reported({ userId: "a.ada", rev: 3, anchor: 1, head: 5 });
  const seen = cursors.seen([inFlight, waiting], 11);
  assert.deepEqual(seen.get("a.ada"), { anchor: 5, head: 9 });
  assert.deepEqual(cursors.place({ anchor: 2, head: 10 }, [inFlight, waiting]), {
    rev: 3,
    anchor: 0,
    head: 5,
  });
  assert.deepEqual(textChanges(waiting), [change(9, 9, "!")]);
});

test("who leaves, or has no cursor any more, is forgotten; own places are none of ours", () => {
  const cursors = new Cursors("a.me", 0);
  assert.ok(!cursors.reported({ userId: "a.me", rev: 0, anchor: 1, head: 1 }));
  assert.ok(cursors.reported({ userId: "a.ada", rev: 0, anchor: 1, head: 1 }));
  assert.ok(cursors.reported({ userId: "a.ada", rev: 0, anchor: null, head: null }));
  assert.ok(cursors.reported({ userId: "a.bob", rev: 0, anchor: 1, head: 1 }));
  assert.ok(cursors.left("a.bob"));
  assert.equal(cursors.seen([], 6).size, 0);
});

test("what is too old to be carried along, or beyond the text, does no harm", () => {
  const cursors = new Cursors("a.me", 0);
  for (let rev = 1; rev <= 300; rev += 1) cursors.revision(rev, "a.bob", splice("a\n", 0, 0, ""));
  assert.ok(!cursors.reported({ userId: "a.ada", rev: 50, anchor: 1, head: 1 }));
  assert.ok(cursors.reported({ userId: "a.ada", rev: 150, anchor: 99, head: 1 }));
  assert.deepEqual(cursors.seen([], 2).get("a.ada"), { anchor: 2, head: 1 });
});
