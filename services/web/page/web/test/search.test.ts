/** Tests of find and replace, without a screen. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { replaceAll, search, setSearchQuery } from "@codemirror/search";
import { EditorState, StateEffect, type TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

import { marked } from "../src/editor/changes.js";
import { toggleList } from "../src/editor/lists.js";
import { countMatches, queryOf, type Wanted } from "../src/editor/query.js";
import { depth, undo } from "../src/editor/travel.js";
import { Desk, padOf } from "./desk.js";

const PLAIN: Wanted = {
  text: "",
  replacement: "",
  matchCase: false,
  wholeWord: false,
  regexp: false,
};

function deskOf(text: string): Desk {
  const desk = new Desk(padOf(text));
  desk.run({ effects: StateEffect.appendConfig.of(search({ literal: true })) });
  return desk;
}

/** Runs one of the component's commands, which need slightly more of a view than its state. */
function press(desk: Desk, command: (view: EditorView) => boolean): void {
  desk.key((view) => {
    const { state } = view;
    const dispatch = (spec: TransactionSpec): void => view.dispatch(spec);
    return command({ state, dispatch } as unknown as EditorView);
  });
  desk.agree();
}

function count(desk: Desk, wanted: Partial<Wanted>): number {
  return countMatches(desk.state, queryOf({ ...PLAIN, ...wanted })).of;
}

test("case, words and expressions are told apart", () => {
  const desk = deskOf("One one none\\n ONE.\n");
  assert.equal(count(desk, { text: "one" }), 4);
  assert.equal(count(desk, { text: "one", matchCase: true }), 2);
  assert.equal(count(desk, { text: "one", wholeWord: true }), 3);
  assert.equal(count(desk, { text: "n." }), 0);
  assert.equal(count(desk, { text: "n.", regexp: true }), 6);
  assert.equal(count(desk, { text: "\\n" }), 1, "what is typed is what is looked for");
  assert.ok(!queryOf({ ...PLAIN, text: "(", regexp: true }).valid);
  assert.ok(queryOf({ ...PLAIN, text: "(" }).valid);
});

test("the match that is selected is told by its number, and a great many are not counted", () => {
  const desk = deskOf("a b a b a\n");
  const query = queryOf({ ...PLAIN, text: "a" });
  assert.deepEqual(countMatches(desk.state, query), { at: 0, of: 3, more: false });
  desk.select(4, 5);
  assert.deepEqual(countMatches(desk.state, query), { at: 2, of: 3, more: false });
  assert.deepEqual(countMatches(desk.state, query, 2), { at: 2, of: 2, more: true });
});

test("markers of lines are not found, and so not replaced", () => {
  const desk = deskOf("one * two\nthree\n");
  desk.select(0, desk.state.doc.length);
  press(desk, toggleList("bullet"));
  assert.equal(desk.pad.text, "*one * two\n*three\n");
  assert.equal(count(desk, { text: "*" }), 1);
  assert.equal(count(desk, { text: ".", regexp: true }), 14);
  const query = queryOf({ ...PLAIN, text: "*", replacement: "+" });
  desk.run({ effects: setSearchQuery.of(query) });
  press(desk, replaceAll);
  assert.equal(desk.pad.text, "*one + two\n*three\n");
});

test("all are replaced in one step, each with the formats of what was there", () => {
  const desk = deskOf("word bold word\n".repeat(500));
  desk.run({ effects: marked.of({ from: 5, to: 9, attributes: [["bold", "true"]] }) });
  const steps = depth(desk.state, "undo");
  const before = desk.pad.text;
  const replace = (text: string, replacement: string): void => {
    desk.run({ effects: setSearchQuery.of(queryOf({ ...PLAIN, text, replacement })) });
    press(desk, replaceAll);
  };
  replace("word", "w");
  replace("bold", "strong");
  assert.equal(desk.pad.text, "w strong w\n".repeat(500));
  assert.equal(desk.bold, "strong");
  assert.equal(depth(desk.state, "undo"), steps + 2);
  press(desk, undo);
  press(desk, undo);
  assert.equal(desk.pad.text, before);
  assert.equal(desk.bold, "bold");
});

test("who may only read finds, and replaces nothing", () => {
  const desk = deskOf("a a\n");
  desk.run({ effects: StateEffect.appendConfig.of(EditorState.readOnly.of(true)) });
  desk.run({ effects: setSearchQuery.of(queryOf({ ...PLAIN, text: "a", replacement: "b" })) });
  press(desk, replaceAll);
  assert.equal(desk.pad.text, "a a\n");
  assert.equal(count(desk, { text: "a" }), 2);
});
