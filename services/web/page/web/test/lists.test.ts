/**
 * Tests of lists, indented lines and headings, which must be stored in the pad as Etherpad's page
 * stores them.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { deleteCharForward } from "@codemirror/commands";
import type { EditorView } from "@codemirror/view";
import type { easysync } from "padfleet-client";

import {
  backFromStart,
  headingOf,
  indent,
  indentInList,
  inList,
  newLine,
  setHeading,
  toggleHeading,
  toggleList,
} from "../src/editor/lists.js";
import { numbersOf } from "../src/editor/numbers.js";
import type { Mark } from "../src/editor/source.js";
import { redo, undo } from "../src/editor/travel.js";
import { Desk, padOf } from "./desk.js";

const ME = "a.me";

function mark(list: string, start = ""): Mark {
  return { list, start, heading: "", more: false };
}

function numbers(lists: string): number[] {
  return numbersOf(lists.split(" ").map((list) => (list === "-" ? null : mark(list))));
}

test("each level counts by itself, and begins anew below another item", () => {
  assert.deepEqual(numbers("number1 number1 number1"), [1, 2, 3]);
  assert.deepEqual(numbers("number1 number2 number2 number1 number2"), [1, 1, 2, 2, 1]);
  assert.deepEqual(numbers("number1 number3 number2 number3 number1"), [1, 1, 1, 1, 2]);
  assert.deepEqual(numbers("number1 bullet1 number1"), [1, 1, 1]);
  assert.deepEqual(numbers("number1 bullet2 number1"), [1, 1, 2]);
  assert.deepEqual(numbers("number1 - number1"), [1, 0, 1]);
  assert.deepEqual(numbers("number1 indent1 number1"), [1, 0, 1]);
  assert.deepEqual(numbers("wrong number0 number1"), [0, 0, 1]);
  assert.deepEqual(
    numbersOf([mark("number1", "7"), mark("number1", "3")], ({ start }) => Number(start)),
    [7, 8],
  );
});

/** Returns the attributes of each line's marker in the pad. */
function markers({ pad }: Desk): Record<string, string>[] {
  const found: Record<string, string>[] = [];
  let at = 0;
  for (const line of pad.text.split("\n").slice(0, -1)) {
    const attribs = pad.body.attribsAt(at);
    const entries = attribs
      .split("*")
      .slice(1)
      .map((number) => pad.pool.get(parseInt(number, 36)) as easysync.Attribute);
    const all = Object.fromEntries(entries);
    found.push(line.startsWith("*") && all["lmkr"] === "1" ? all : {});
    at += line.length + 1;
  }
  return found;
}

function lists(desk: Desk): string[] {
  return markers(desk).map(({ list, start, heading }) =>
    [list, list && start ? `(${start})` : "", heading].filter(Boolean).join(""),
  );
}

function all(desk: Desk): void {
  desk.select(0, desk.state.doc.length);
}

type Command = (view: EditorView) => boolean;

function press(desk: Desk, ...commands: Command[]): void {
  for (const command of commands) desk.key(command);
  desk.agree();
}

test("a numbered list is what Etherpad's page writes", () => {
  const desk = new Desk(padOf("one\ntwo\n"));
  all(desk);
  press(desk, toggleList("number"));
  assert.equal(desk.pad.text, "*one\n*two\n");
  const common = { author: ME, insertorder: "first", list: "number1", lmkr: "1" };
  assert.deepEqual(markers(desk), [
    { ...common, start: "1" },
    { ...common, start: "2" },
  ]);
  assert.ok(inList(desk.state, "number"));
  assert.ok(!inList(desk.state, "bullet"));
  press(desk, toggleList("bullet"));
  assert.deepEqual(lists(desk), ["bullet1(1)", "bullet1(2)"]);
  press(desk, toggleList("bullet"));
  assert.equal(desk.pad.text, "one\ntwo\n");
  press(desk, undo, undo, undo);
  assert.equal(desk.pad.text, "one\ntwo\n");
  press(desk, redo);
  assert.deepEqual(lists(desk), ["number1(1)", "number1(2)"]);
});

function numbered(count: number): Desk {
  const desk = new Desk(padOf("item\n".repeat(count)));
  all(desk);
  press(desk, toggleList("number"));
  return desk;
}

test("items are numbered anew, within one step, wherever lines come, go or move", () => {
  const desk = numbered(4);
  const four = ["number1(1)", "number1(2)", "number1(3)", "number1(4)"];
  assert.deepEqual(lists(desk), four);
  // Return is pressed within an item.
  desk.select(desk.state.doc.line(2).from + 3);
  press(desk, newLine);
  assert.deepEqual(lists(desk), [...four, "number1(5)"]);
  assert.equal(desk.pad.text, "*item\n*it\n*em\n*item\n*item\n");
  press(desk, undo);
  assert.deepEqual(lists(desk), four);
  // An item is cut.
  desk.select(desk.state.doc.line(1).to, desk.state.doc.line(2).to);
  desk.type("", "delete.cut");
  assert.deepEqual(lists(desk), four.slice(0, 3));
  press(desk, undo);
  assert.deepEqual(lists(desk), four);
  // An item moves in, and is counted separately.
  desk.select(desk.state.doc.line(2).to);
  press(desk, indentInList(1));
  assert.deepEqual(lists(desk), ["number1(1)", "number2(1)", "number1(2)", "number1(3)"]);
  press(desk, indentInList(-1));
  assert.deepEqual(lists(desk), four);
  // An item leaves the list, which becomes two lists.
  press(desk, indentInList(-1));
  assert.deepEqual(lists(desk), ["number1(1)", "", "number1(1)", "number1(2)"]);
  press(desk, undo);
  assert.deepEqual(lists(desk), four);
});

test("Return on an empty item ends the list", () => {
  const desk = numbered(1);
  desk.select(desk.state.doc.length);
  press(desk, newLine);
  assert.deepEqual(lists(desk), ["number1(1)", "number1(2)"]);
  press(desk, newLine);
  assert.deepEqual(lists(desk), ["number1(1)", ""]);
  assert.equal(desk.pad.text, "*item\n\n");
});

test("Backspace at the start of an item moves it out, and then out of the list", () => {
  const desk = numbered(2);
  desk.select(desk.state.doc.line(2).to);
  press(desk, indentInList(1));
  desk.select(desk.state.doc.line(2).from + 1);
  press(desk, backFromStart);
  assert.deepEqual(lists(desk), ["number1(1)", "number1(2)"]);
  press(desk, backFromStart);
  assert.deepEqual(lists(desk), ["number1(1)", ""]);
  assert.ok(!desk.key(backFromStart), "the rest is the component's");
});

test("lines that are joined leave no marker behind", () => {
  const desk = numbered(2);
  desk.select(desk.state.doc.line(1).to);
  press(desk, deleteCharForward as Command);
  assert.equal(desk.pad.text, "*itemitem\n");
  press(desk, undo);
  assert.deepEqual(lists(desk), ["number1(1)", "number1(2)"]);
  desk.run({ changes: { from: 0, insert: "dropped" }, userEvent: "input.drop" });
  assert.equal(desk.pad.text, "droppeditem\n*item\n");
  assert.deepEqual(lists(desk), ["", "number1(1)"]);
});

test("lines are indented outside of lists too", () => {
  const desk = new Desk(padOf("one\n"));
  press(desk, indent(1), indent(1));
  assert.deepEqual(lists(desk), ["indent2"]);
  press(desk, toggleList("number"));
  assert.deepEqual(lists(desk), ["number2(1)"]);
  press(desk, toggleList("number"));
  assert.deepEqual(lists(desk), ["indent2"]);
  press(desk, indent(-1), indent(-1));
  assert.equal(desk.pad.text, "one\n");
  assert.ok(!desk.key(indent(-1)));
  assert.ok(!desk.key(indentInList(1)), "in plain text the key leaves it");
  for (let level = 0; level < 20; level += 1) press(desk, indent(1));
  assert.deepEqual(lists(desk), ["indent16"]);
});

test("headings are made, changed, continued and taken away", () => {
  const desk = new Desk(padOf("title\ntext\n"));
  press(desk, toggleHeading("h1"));
  assert.deepEqual(markers(desk)[0], {
    author: ME,
    heading: "h1",
    insertorder: "first",
    lmkr: "1",
  });
  press(desk, toggleHeading("h2"));
  assert.equal(headingOf(desk.state), "h2");
  desk.select(3); // after "ti"
  press(desk, newLine);
  assert.deepEqual(lists(desk), ["h2", "h2", ""]);
  press(desk, undo);
  desk.select(6); // at the end of the heading
  assert.ok(!desk.key(newLine), "what follows a heading is plain");
  desk.select(1); // at the start of the heading
  press(desk, newLine);
  assert.deepEqual(lists(desk), ["", "h2", ""]);
  assert.equal(desk.pad.text, "\n*title\ntext\n");
  desk.select(2);
  press(desk, backFromStart);
  assert.equal(desk.pad.text, "\ntitle\ntext\n");
  all(desk);
  press(desk, setHeading("h3"));
  assert.deepEqual(lists(desk), ["h3", "h3", "h3"]);
  desk.select(1);
  press(desk, setHeading(""));
  all(desk);
  assert.equal(headingOf(desk.state), null, "they differ");
});

test("an item may be a heading, and what plugins say of a line stays", () => {
  const desk = new Desk(padOf("one\n"));
  press(desk, toggleList("bullet"), toggleHeading("h1"));
  assert.deepEqual(lists(desk), ["bullet1(1)h1"]);
  press(desk, toggleList("bullet"));
  assert.deepEqual(markers(desk), [{ author: ME, heading: "h1", insertorder: "first", lmkr: "1" }]);
  desk.pad.applyOwn(desk.pad.format(0, 1, [["align", "center"]]));
  press(desk, setHeading(""));
  assert.deepEqual(markers(desk), [
    { align: "center", author: ME, insertorder: "first", lmkr: "1" },
  ]);
});

test("who may only read changes nothing", () => {
  for (const command of [toggleList("number"), indent(1), setHeading("h1"), newLine]) {
    let asked = 0;
    const desk = numbered(1);
    const state = desk.state.update({}).state;
    Object.defineProperty(state, "readOnly", { value: true });
    const view = { state, dispatch: () => (asked += 1) } as unknown as EditorView;
    assert.ok(!command(view));
    assert.equal(asked, 0);
  }
});

test("a long list is numbered in one go", () => {
  const desk = numbered(3000);
  assert.equal(lists(desk).at(-1), "number1(3000)");
  desk.select(1);
  press(desk, newLine);
  assert.equal(lists(desk).at(-1), "number1(3001)");
});
