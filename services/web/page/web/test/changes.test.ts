/** Tests that the editor and the client library mean the same by the same edit. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ChangeSet, EditorState } from "@codemirror/state";

import { difference, isTextOf, marked, toChanges } from "../src/editor/changes.js";
import { redo, undo } from "../src/editor/travel.js";
import { Desk, padOf, randomNumbers } from "./desk.js";

for (let seed = 1; seed <= 40; seed += 1) {
  test(`whatever is done in the editor is done to the pad (${seed})`, () => {
    const random = randomNumbers(seed);
    const desk = new Desk(padOf("one\ntwo\n\nthree\n"));
    for (let step = 0; step < 60; step += 1) {
      const { length } = desk.state.doc;
      const from = random(length + 1);
      const to = Math.min(from + random(6), length);
      const kind = random(6);
      if (kind === 0) desk.key(undo);
      else if (kind === 1) desk.key(redo);
      else if (kind === 2 && to > from) {
        const attributes = [["bold", random(2) ? "true" : ""]] as const;
        desk.run({ effects: marked.of({ from, to, attributes }) });
      } else if (kind === 3 && to < length) {
        // This changes two places at once, as several cursors or search and replace do.
        desk.run({
          changes: [
            { from, to, insert: "x\ny" },
            { from: length, insert: "\n😀" },
          ],
        });
      } else {
        desk.run({ changes: { from, to, insert: ["", "a", "\n", "b\nc\n", "\r"][random(5)]! } });
      }
      desk.agree();
    }
    while (desk.key(undo));
    desk.agree();
    assert.equal(desk.pad.text, "one\ntwo\n\nthree\n");
  });
}

test("undo brings back how deleted text looked", () => {
  const desk = new Desk(padOf("plain bold plain\n"));
  desk.run({ effects: marked.of({ from: 6, to: 10, attributes: [["bold", "true"]] }) });
  desk.run({ changes: { from: 3, to: 13, insert: "" } });
  assert.equal(desk.bold, "");
  desk.key(undo);
  assert.equal(desk.pad.text, "plain bold plain\n");
  assert.equal(desk.bold, "bold");
  desk.key(undo);
  assert.equal(desk.bold, "");
  desk.key(redo);
  assert.equal(desk.bold, "bold");
});

test("what is typed looks like the character before it", () => {
  const desk = new Desk(padOf("bold\n"));
  desk.run({ effects: marked.of({ from: 0, to: 4, attributes: [["bold", "true"]] }) });
  desk.run({ changes: { from: 4, insert: "er" } });
  desk.run({ changes: { from: 0, insert: "not " } });
  assert.equal(desk.bold, "bolder");
});

test("revisions of a message are one change of the document", () => {
  const doc = EditorState.create({ doc: "abc" }).doc;
  const splice = (from: number, to: number, insert: string) => [{ from, to, insert }];
  const apply = (changes: ChangeSet | null): string => changes!.apply(doc).toString();
  assert.equal(
    apply(toChanges([splice(0, 1, "X"), splice(1, 2, "Y")], doc, "abc\n", "XYc\n")),
    "XYc",
  );
  // The line is inserted after the last newline, which the document does not contain.
  assert.equal(apply(toChanges([splice(4, 4, "new\n")], doc, "abc\n", "abc\nnew\n")), "abc\nnew");
  assert.equal(toChanges([splice(0, 0, "X")], doc, "abc\n", "something else\n"), null);
});

test("a document is compared with a text to the last character", () => {
  for (const text of ["\n", "a\n", "one\n\ntwo\n", `${"a line\n".repeat(3000)}\n`]) {
    const { doc } = EditorState.create({ doc: text.slice(0, -1) });
    assert.ok(isTextOf(doc, text));
    assert.ok(!isTextOf(doc, `x${text}`));
    if (text.length > 1) assert.ok(!isTextOf(doc, text.slice(1)));
    if (text.length > 1) assert.ok(!isTextOf(doc, `?${text.slice(1)}`));
    if (text.length > 2) assert.ok(!isTextOf(doc, `${text.slice(0, -2)}?\n`));
  }
});

test("the difference of two texts is the least that changes one into the other", () => {
  assert.ok(difference("same", "same").empty);
  const changes = difference("the old text", "the new text");
  assert.equal(
    changes.apply(EditorState.create({ doc: "the old text" }).doc).toString(),
    "the new text",
  );
  changes.iterChanges((from, to) => assert.deepEqual([from, to], [4, 7]));
});
