/** That the editor and the client library mean the same by the same edit. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { history, invertedEffects, redo, undo } from "@codemirror/commands";
import { ChangeSet, EditorState, type Transaction, type TransactionSpec } from "@codemirror/state";
import { Collaborator, easysync } from "padfleet-client";

import {
  difference,
  marked,
  toChanges,
  toChangeset,
  typing,
  wayBack,
} from "../src/editor/changes.js";
import { source } from "../src/editor/source.js";

/** An editor without a screen, on a pad without a server. */
class Desk {
  readonly pad: Collaborator;
  state: EditorState;

  constructor(text: string) {
    const pool = { numToAttrib: {}, nextNum: 0 };
    const attribs = easysync.Body.fromAText({
      text,
      attribs: `|${text.split("\n").length - 1}+${text.length.toString(36)}`,
    }).toAText().attribs;
    this.pad = new Collaborator(
      { initialAttributedText: { text, attribs }, apool: pool, rev: 0, historicalAuthorData: {} },
      "a.me",
    );
    this.state = EditorState.create({
      doc: text.slice(0, -1),
      extensions: [
        EditorState.lineSeparator.of("\n"),
        source.of(this.pad),
        typing,
        history(),
        invertedEffects.of(wayBack),
      ],
    });
  }

  run(spec: TransactionSpec): void {
    this.take(this.state.update(spec));
  }

  take(tr: Transaction): void {
    const next = tr.state;
    const changeset = toChangeset(tr, this.pad);
    easysync.checkRep(changeset);
    this.pad.applyOwn(changeset);
    this.state = next;
  }

  key(command: typeof undo): boolean {
    return command({ state: this.state, dispatch: (tr) => this.take(tr) });
  }

  get bold(): string {
    const { body, pool } = this.pad;
    let found = "";
    for (const span of body.spansBetween(0, body.text.length)) {
      if (easysync.attribsOf(span.attribs, pool).get("bold") === "true") {
        found += body.text.slice(span.from, span.to);
      }
    }
    return found;
  }

  agree(): void {
    assert.equal(this.pad.text, `${this.state.doc.sliceString(0, undefined, "\n")}\n`);
  }
}

function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state >>> 4) & 0xffffff) % below;
  };
}

for (let seed = 1; seed <= 40; seed += 1) {
  test(`whatever is done in the editor is done to the pad (${seed})`, () => {
    const random = randomNumbers(seed);
    const desk = new Desk("one\ntwo\n\nthree\n");
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
        // Two places at once, as with several cursors or search and replace.
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
  const desk = new Desk("plain bold plain\n");
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
  const desk = new Desk("bold\n");
  desk.run({ effects: marked.of({ from: 0, to: 4, attributes: [["bold", "true"]] }) });
  desk.run({ changes: { from: 4, insert: "er" } });
  desk.run({ changes: { from: 0, insert: "not " } });
  assert.equal(desk.bold, "bolder");
});

test("revisions of a message are one change of the document", () => {
  const doc = EditorState.create({ doc: "abc" }).doc;
  const event = (from: number, to: number, insert: string) => ({
    kind: "changed" as const,
    rev: 1,
    author: "a.x",
    changeset: "",
    changes: [{ from, to, insert }],
    time: undefined,
  });
  const apply = (changes: ChangeSet): string => changes.apply(doc).toString();
  assert.equal(apply(toChanges([event(0, 1, "X"), event(1, 2, "Y")], doc, "XYc\n")), "XYc");
  // A line after the last newline, which the document does not have.
  assert.equal(apply(toChanges([event(4, 4, "new\n")], doc, "abc\nnew\n")), "abc\nnew");
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
