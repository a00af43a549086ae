/** Tests of dragging and dropping. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { copied, plainLines } from "../src/editor/clipboard.js";
import { toggleFormat } from "../src/editor/commands.js";
import { dropping } from "../src/editor/dragging.js";
import { toggleList } from "../src/editor/lists.js";
import { undo } from "../src/editor/travel.js";
import { Desk, padOf } from "./desk.js";

/** Drags the selection to `place`. Returns false if that has no effect. */
function drag(desk: Desk, place: number, copies = false): boolean {
  const { from, to } = desk.state.selection.main;
  const lines = copied(desk.state);
  const done = dropping(desk.state, lines, place, copies ? null : { from, to });
  if (done !== null) desk.run(done);
  desk.agree();
  return done !== null;
}

test("what is bold stays bold when it is dragged, forwards and backwards, in one step", () => {
  const desk = new Desk(padOf("one two three\n"));
  desk.select(4, 8);
  desk.key(toggleFormat("bold"));
  drag(desk, 13);
  assert.equal(desk.pad.text, "one threetwo \n");
  assert.equal(desk.bold, "two ");
  assert.equal(desk.state.sliceDoc(9, 13), "two ");
  assert.deepEqual([desk.state.selection.main.from, desk.state.selection.main.to], [9, 13]);
  drag(desk, 0);
  assert.equal(desk.pad.text, "two one three\n");
  assert.equal(desk.bold, "two ");
  desk.key(undo);
  desk.key(undo);
  assert.equal(desk.pad.text, "one two three\n");
  assert.equal(desk.bold, "two ");
});

test("items are dragged as items, and leave no asterisks", () => {
  const desk = new Desk(padOf("a\nb\n\nend\n"));
  desk.select(0, 3);
  desk.key(toggleList("bullet"));
  assert.equal(desk.pad.text, "*a\n*b\n\nend\n");
  desk.select(0, 5);
  drag(desk, 6, true);
  assert.equal(desk.pad.text, "*a\n*b\n*a\n*b\nend\n");
  const markers = desk.whole.filter(([, { lmkr }]) => lmkr === "1");
  assert.equal(markers.length, 4);
});

test("what is dropped before an item's marker comes into the item", () => {
  const desk = new Desk(padOf("a\nb\n"));
  desk.select(2, 3);
  desk.key(toggleList("bullet"));
  assert.equal(desk.pad.text, "a\n*b\n");
  const done = dropping(desk.state, plainLines("new "), 2, null);
  assert.ok(done !== null);
  desk.run(done);
  desk.agree();
  assert.equal(desk.pad.text, "a\n*new b\n");
});

test("what is dropped on itself stays", () => {
  const desk = new Desk(padOf("one two\n"));
  desk.select(4, 7);
  for (const place of [4, 5, 7]) assert.equal(drag(desk, place), false);
  assert.equal(desk.pad.text, "one two\n");
});
