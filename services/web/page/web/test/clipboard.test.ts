/** Tests of what is pasted into a pad, and of how undo removes it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { copied, pasting, textOf } from "../src/editor/clipboard.js";
import { toggleList } from "../src/editor/lists.js";
import { undo } from "../src/editor/travel.js";
import { htmlOf, type RichLine } from "../src/text/rich.js";
import { Desk, padOf } from "./desk.js";

const plainLine = (text: string): RichLine => ({
  list: "",
  heading: "",
  runs: text === "" ? [] : [{ text, formats: [] }],
});

const item = (text: string, list = "bullet1"): RichLine => ({ ...plainLine(text), list });

function paste(desk: Desk, lines: RichLine[]): void {
  desk.run(pasting(desk.state, lines));
  desk.agree();
}

test("lists, headings and formats are pasted as such, in one step", () => {
  const desk = new Desk(padOf("\nafter\n"));
  paste(desk, [
    { list: "", heading: "h2", runs: [{ text: "Title", formats: [] }] },
    item("one", "number1"),
    item("two", "number1"),
    item("below", "number2"),
    { ...plainLine(""), runs: [{ text: "bold", formats: ["bold"] }] },
  ]);
  assert.equal(desk.pad.text, "*Title\n*one\n*two\n*below\nbold\nafter\n");
  assert.equal(desk.bold, "bold");
  const markers = desk.whole.filter(([, { lmkr }]) => lmkr === "1").map(([, given]) => given);
  assert.deepEqual(
    markers.map(({ list, start, heading }) => [list, start, heading]),
    [
      [undefined, undefined, "h2"],
      ["number1", "1", undefined],
      ["number1", "2", undefined],
      ["number2", "1", undefined],
    ],
  );
  desk.key(undo);
  assert.equal(desk.pad.text, "\nafter\n");
});

test("an item that is pasted within a line is text", () => {
  const desk = new Desk(padOf("one two\n"));
  desk.select(4);
  paste(desk, [item("and ")]);
  assert.equal(desk.pad.text, "one and two\n");
});

test("what is pasted within bold text is not bold by itself", () => {
  const desk = new Desk(padOf("\n"));
  paste(desk, [{ ...plainLine(""), runs: [{ text: "bold", formats: ["bold"] }] }]);
  desk.select(2);
  paste(desk, [plainLine("plain")]);
  assert.equal(desk.pad.text, "boplainld\n");
  assert.equal(desk.bold, "bold");
});

test("a list is copied as a list, and its markers are no text", () => {
  const desk = new Desk(padOf("one\ntwo <b>\nrest\n"));
  desk.select(0, 8);
  desk.key(toggleList("bullet"));
  desk.select(1, desk.state.doc.length);
  const lines = copied(desk.state);
  assert.equal(textOf(lines), "one\ntwo <b>\nrest");
  assert.equal(htmlOf(lines), "<ul><li>one</li><li>two &lt;b&gt;</li></ul><p>rest</p>");
  const other = new Desk(padOf("\n"));
  paste(other, lines);
  assert.equal(other.pad.text, "*one\n*two <b>\nrest\n");
  desk.select(2, 4);
  assert.equal(htmlOf(copied(desk.state)), "ne");
});

test("lists within lists, and formats, are written as HTML", () => {
  assert.equal(
    htmlOf([item("a", "number1"), item("b", "bullet2"), item("c", "number1"), plainLine("")]),
    "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol><p><br></p>",
  );
  assert.equal(
    htmlOf([{ list: "", heading: "h1", runs: [{ text: "x", formats: ["bold", "italic"] }] }]),
    "<h1><em><strong>x</strong></em></h1>",
  );
});
