/**
 * Tests of undo and redo, which are exact while nobody else edits, and leave what others wrote as
 * it is.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { deleteCharBackward } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { easysync } from "padfleet-client";

import { marked } from "../src/editor/changes.js";
import { toggleFormat } from "../src/editor/commands.js";
import { toggleList } from "../src/editor/lists.js";
import { LIMITS } from "../src/editor/steps.js";
import { depth, redo, undo } from "../src/editor/travel.js";
import { Undoing, WRITTEN_OVER } from "../src/editor/undo.js";
import { Desk, padOf, randomNumbers } from "./desk.js";

const desk = (text: string): Desk => new Desk(padOf(text));

function words(of: Desk): string {
  return of.pad.text.slice(0, -1);
}

test("typing at one go is one step; a pause, another place, a newline or a format begin the next", () => {
  const one = desk("text\n");
  one.select(4);
  for (const letter of " now") one.type(letter);
  one.now += 499;
  one.type("!");
  one.now += 500;
  one.type("?");
  one.type("\n");
  one.type("l");
  one.select(0);
  one.type("A");
  one.key(toggleFormat("bold"));
  one.type("B");
  const seen: string[] = [];
  while (one.key(undo)) seen.push(words(one));
  assert.deepEqual(seen, [
    "Atext now!?\nl",
    "text now!?\nl",
    "text now!?\n",
    "text now!?",
    "text now!",
    "text",
  ]);
  seen.length = 0;
  while (one.key(redo)) seen.push(words(one));
  assert.deepEqual(seen.at(-1), "ABtext now!?\nl");
  assert.equal(one.bold, "B");
});

test("what was typed by mistake and taken back at once is no step", () => {
  const one = desk("text\n");
  one.select(4);
  one.type("x");
  one.key(deleteCharBackward as never);
  assert.equal(depth(one.state, "undo"), 0);
  assert.equal(one.key(undo), false);
});

test("the others' words between mine do not end my step, and stay", () => {
  const one = desk("text\n");
  one.select(4);
  one.type(" a");
  one.receive(0, 0, "Their ");
  one.type("b");
  one.receive(12, 0, "THEIRS");
  one.type("c");
  assert.equal(words(one), "Their text aTHEIRSbc");
  one.key(undo);
  assert.equal(words(one), "Their textTHEIRS");
  one.key(redo);
  assert.equal(words(one).replace("THEIRS", ""), "Their text abc");
});

test("what an input method writes over comes back with what it has written", () => {
  const one = desk("some text\n");
  one.select(0, 9);
  one.type("x");
  one.run({ changes: { from: 0, to: 1 }, userEvent: WRITTEN_OVER });
  one.type("n", "input.type.compose.start");
  one.run({ changes: { from: 0, to: 1, insert: "日本" }, userEvent: "input.type.compose" });
  one.now += 500;
  one.type("s", "input.type.compose.start");
  assert.equal(words(one), "日本s");
  one.key(undo);
  assert.equal(words(one), "日本");
  one.key(undo);
  assert.equal(words(one), "x");
});

test("what an input method composes is one step, whatever is selected meanwhile", () => {
  const one = desk("\n");
  one.type("n", "input.type.compose.start");
  one.now += 3000;
  one.run({ changes: { from: 0, to: 1, insert: "に" }, userEvent: "input.type.compose" });
  one.select(1);
  one.receive(2 - 1, 0, " theirs");
  one.now += 3000;
  one.run({ changes: { from: 0, to: 1, insert: "日本" }, userEvent: "input.type.compose" });
  assert.equal(words(one), "日本 theirs");
  one.key(undo);
  assert.equal(words(one), " theirs");
  one.key(redo);
  assert.equal(words(one), "日本 theirs");
});

test("the selection from before comes back, where it is by now", () => {
  const one = desk("one two three\n");
  one.select(4, 7);
  one.type("2");
  one.select(0);
  one.receive(0, 0, "zero ");
  one.key(undo);
  assert.equal(words(one), "zero one two three");
  const { anchor, head } = one.state.selection.main;
  assert.deepEqual([anchor, head], [9, 12]);
  one.key(redo);
  assert.equal(one.state.selection.main.head, 0, "where it was when undo was pressed");
});

test("deleted text of others comes back in my name, and looks as it did", () => {
  const one = desk("plain\n");
  one.receive(5, 0, " theirs");
  one.run({ effects: marked.of({ from: 6, to: 12, attributes: [["bold", "true"]] }) });
  const before = one.whole;
  one.select(0, 12);
  one.key(deleteCharBackward as never);
  one.key(undo);
  assert.deepEqual(
    before.map(([text, { author: _, ...formats }]) => [text, formats]),
    [
      ["plain", {}],
      [" ", {}],
      ["theirs", { bold: "true" }],
      ["\n", {}],
    ],
  );
  assert.deepEqual(one.whole, [
    ["plain ", { author: "a.me" }],
    ["theirs", { author: "a.me", bold: "true" }],
    ["\n", {}],
  ]);
});

test("a restored word does not make others' words bold", () => {
  const one = desk("a bold word\n");
  one.run({ effects: marked.of({ from: 2, to: 6, attributes: [["bold", "true"]] }) });
  one.select(2, 6);
  one.key(deleteCharBackward as never);
  one.receive(0, 0, "XYZ");
  one.receive(5, 0, "XY");
  one.key(undo);
  assert.equal(one.bold, "bold");
  assert.match(words(one), /^XYZa (XYbold|boldXY) word$/);
});

test("what others have removed already is passed over", () => {
  const one = desk("text\n");
  one.select(4);
  one.type(" first");
  one.now += 1000;
  one.type(" second");
  one.receive(10, 7, "");
  assert.equal(words(one), "text first");
  one.key(undo);
  assert.equal(words(one), "text");
  assert.equal(one.key(undo), false);
});

test("the newline that a pad ends with is never undone", () => {
  const one = desk("text\n");
  one.select(4);
  one.type("\n");
  // Another client removes the pad's own newline, as our page never would, so that the newline
  // typed here is the last one.
  one.receive(5, 1, "");
  assert.equal(one.pad.text, "text\n");
  one.agree();
  one.key(undo);
  one.agree();
  assert.equal(one.pad.text, "text\n");
  one.key(redo);
  one.agree();
});

test("lists are undone and redone as what they were", () => {
  const one = desk("one\ntwo\n");
  one.select(0, 7);
  one.key(toggleList as never);
  const listed = one.whole;
  one.key(undo);
  assert.equal(words(one), "one\ntwo");
  one.key(redo);
  assert.deepEqual(one.whole, listed);
  one.key(toggleList as never);
  assert.equal(words(one), "one\ntwo");
  one.key(undo);
  assert.deepEqual(one.whole, listed);
});

test("a state that may not be written undoes nothing", () => {
  const one = desk("text\n");
  one.type("x");
  const { state } = one;
  one.state = EditorState.create({ doc: state.doc, extensions: [EditorState.readOnly.of(true)] });
  assert.equal(one.key(undo), false);
  one.state = state;
  assert.equal(one.key(undo), true);
});

test("so many steps are kept, and so much of them; the newest at any length", () => {
  const pool = new easysync.AttributePool();
  const undoing = new Undoing(pool, "a.me", { steps: 5, units: 1000 });
  const body = easysync.Body.fromAText({ text: "\n", attribs: "|1+1" });
  const caret = { anchor: 0, head: 0 };
  const paste = (text: string): void => {
    const made = easysync.makeSplice(body.text, 0, 0, text, [["author", "a.me"]], pool);
    undoing.record(made, body, { time: 0, kind: "input.paste", caret });
    body.apply(made, pool);
  };
  const cut = (count: number): void => {
    const made = easysync.makeSplice(body.text, 0, count, "");
    undoing.record(made, body, { time: 0, kind: "delete.cut", caret });
    body.apply(made, pool);
  };
  for (let step = 0; step < 8; step += 1) paste("pasted\n");
  assert.equal(undoing.depth("undo"), 5);
  paste("x".repeat(5000));
  cut(5000); // all of it must be kept in order to undo this
  assert.equal(undoing.depth("undo"), 1);
  const step = undoing.next("undo", body.text);
  assert.equal(easysync.applyToText(step!.changeset, body.text).indexOf("pasted"), 5000);
  // Other people's changes are kept until they are composed, within the same limit.
  const theirs = easysync.makeSplice(body.text, 0, 0, "y".repeat(2000));
  undoing.others(theirs);
  assert.equal(undoing.depth("undo"), 0);
  assert.ok(LIMITS.steps >= 100);
});

/** Does something random that a user can do to a text. */
function deed(one: Desk, random: (below: number) => number): void {
  const { length } = one.state.doc;
  const from = random(length + 1);
  const to = Math.min(from + random(7), length);
  one.now += random(900);
  switch (random(8)) {
    case 0:
      one.select(from, to);
      one.key(toggleFormat(random(2) ? "bold" : "italic"));
      break;
    case 1:
      one.select(from, to);
      one.key(toggleList as never);
      break;
    case 2:
      one.select(from, to);
      one.key(deleteCharBackward as never);
      break;
    case 3:
      one.run({
        changes: [
          { from, to },
          { from: length, insert: "moved\n" },
        ],
        userEvent: "move.drop",
      });
      break;
    default:
      if (random(3) === 0) one.select(from, to);
      one.type(["a", "b", " ", "\n", "c\nd", "😀"][random(6)]!);
  }
}

for (let seed = 1; seed <= 60; seed += 1) {
  test(`alone, undo leads back through every step, and redo forth (${seed})`, () => {
    const random = randomNumbers(seed);
    const one = desk("some\nwords of mine\n");
    one.select(0, one.state.doc.length);
    one.type("some\nwords of mine"); // the text now has this author, which undo restores
    one.session.undoing.clear();
    const seen = [one.whole];
    for (let step = 0; step < 50; step += 1) {
      const before = depth(one.state, "undo");
      deed(one, random);
      const after = depth(one.state, "undo");
      if (after === before && after < seen.length) seen[after] = one.whole;
      else if (after > before) seen[after] = one.whole;
      seen.length = after + 1;
    }
    for (let turn = 0; turn < 2; turn += 1) {
      while (depth(one.state, "undo") > 0) {
        assert.deepEqual(one.whole, seen[depth(one.state, "undo")]);
        one.key(undo);
      }
      assert.deepEqual(one.whole, seen[0]);
      while (one.key(redo));
      assert.deepEqual(one.whole, seen.at(-1));
    }
  });

  test(`what others write meanwhile is left as they wrote it (${seed})`, () => {
    const random = randomNumbers(seed + 1000);
    const one = desk("some\nwords of mine\n");
    one.select(0, one.state.doc.length);
    one.type("some\nwords of mine");
    one.session.undoing.clear();
    const before = one.whole;
    let theirs = 0;
    for (let step = 0; step < 60; step += 1) {
      const kind = random(6);
      if (kind === 0) {
        const word = String.fromCharCode(0x410 + random(32)).repeat(1 + random(3));
        one.receive(random(one.pad.text.length), 0, word);
        theirs += word.length;
      } else if (kind === 1) one.key(random(2) ? undo : redo);
      else deed(one, random);
      one.agree();
    }
    while (one.key(undo)) one.agree();
    const isTheirs = (text: string): boolean => /^[А-Я]+$/.test(text);
    const pieces = one.whole.flatMap(([text, had]) =>
      (text.match(/[А-Я]+|[^А-Я]+/g) ?? []).map((part) => [part, had] as const),
    );
    const left = pieces.filter(([text]) => isTheirs(text));
    assert.equal(left.map(([text]) => text).join("").length, theirs, "all of it is there");
    for (const [, { author: _, ...formats }] of left) assert.deepEqual(formats, {});
    const mine = pieces.filter(([text]) => !isTheirs(text));
    assert.equal(mine.map(([text]) => text).join(""), before.map(([text]) => text).join(""));
    for (const [, { author: _, ...formats }] of mine) assert.deepEqual(formats, {});
  });
}
