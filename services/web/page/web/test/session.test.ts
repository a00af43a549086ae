/** Tests that the editor and the pad stay in step, and that differences are found and corrected. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { EditorState, type Transaction } from "@codemirror/state";
import { Collaborator, easysync } from "padfleet-client";

import { type Paper, Session } from "../src/editor/session.js";
import { source } from "../src/editor/source.js";
import { undo, undoing } from "../src/editor/travel.js";
import { padOf } from "./desk.js";

/** A session that records its faults. */
class Bench {
  readonly pad: Collaborator = padOf("Hello there\n");
  readonly session: Session;
  readonly redrawn: number[] = [];
  readonly failed: unknown[] = [];
  state: EditorState;
  onUpdate: (() => void) | null = null;

  constructor(applyOwn?: Paper["applyOwn"]) {
    const { pad } = this;
    this.session = new Session(
      {
        state: pad,
        applyOwn:
          applyOwn ??
          ((changeset) => {
            pad.applyOwn(changeset);
            this.session.edited(changeset);
          }),
      },
      {
        redrawn: (count) => this.redrawn.push(count),
        failed: (error) => this.failed.push(error),
      },
    );
    this.state = EditorState.create({
      doc: "Hello there",
      extensions: [
        EditorState.lineSeparator.of("\n"),
        source.of(pad),
        undoing.of(this.session.undoing),
      ],
    });
    const bench = this;
    this.session.show({
      get state() {
        return bench.state;
      },
      update(transactions: readonly Transaction[]) {
        for (const tr of transactions) {
          assert.equal(tr.startState, bench.state, "as a view demands");
          bench.state = tr.state;
        }
        bench.onUpdate?.();
      },
    });
  }

  insert(at: number, text: string): void {
    this.session.dispatch([this.state.update({ changes: { from: at, insert: text } })]);
  }

  get shown(): string {
    return this.state.doc.sliceString(0, undefined, "\n");
  }
}

test("a difference is found at rest, put right, counted, and the caret stays with its word", () => {
  const bench = new Bench();
  assert.ok(bench.session.same());
  bench.state = bench.state.update({
    changes: { from: 0, to: 5, insert: "Jello" },
    selection: { anchor: 8 },
  }).state;
  assert.equal(bench.session.same(), true, "after it has been drawn anew");
  assert.equal(bench.shown, "Hello there");
  assert.equal(bench.state.selection.main.head, 8);
  assert.deepEqual(bench.redrawn, [1]);
  assert.equal(bench.session.redraws, 1);
  assert.ok(bench.session.same());
  assert.deepEqual(bench.redrawn, [1], "once");
});

test("a difference in length is found by the next thing that others do", () => {
  const bench = new Bench();
  bench.state = bench.state.update({ changes: { from: 5, insert: "XX" } }).state;
  const changeset = easysync.makeSplice(bench.pad.text, 11, 0, "!");
  const { pad, session } = bench;
  const apool = { numToAttrib: {}, nextNum: 0 };
  const message = { type: "NEW_CHANGES", newRev: 1, changeset, apool, author: "a.x" } as const;
  for (const event of pad.receive(message)) session.heard(event);
  session.flush();
  assert.equal(bench.shown, "Hello there!");
  assert.deepEqual(bench.redrawn, [1]);
});

test("an edit for a text that the pad does not have is dropped, and never sent", () => {
  const bench = new Bench();
  const stale = bench.state.update({ changes: { from: 11, insert: "!" } });
  bench.insert(0, "> ");
  bench.session.dispatch([stale]);
  assert.equal(bench.pad.text, "> Hello there\n");
  assert.equal(bench.shown, "> Hello there");
  assert.equal(bench.failed.length, 1);
  bench.insert(13, "!");
  assert.equal(bench.pad.text, "> Hello there!\n");
});

test("an edit that the pad refuses leaves both as they were", () => {
  const bench = new Bench(() => {
    throw new Error("this address is read-only");
  });
  bench.insert(0, "x");
  assert.equal(bench.shown, "Hello there");
  assert.equal(bench.pad.text, "Hello there\n");
  assert.equal(bench.failed.length, 1);
  assert.ok(bench.session.same());
  assert.deepEqual(bench.redrawn, []);
});

test("what other code of the page writes is shown, and is no step of undo", () => {
  const bench = new Bench();
  const { pad, session } = bench;
  bench.insert(11, "!");
  session.edited(pad.edit(0, 0, "Oh! "));
  assert.equal(bench.shown, "Oh! Hello there!");
  undo({ state: bench.state, dispatch: (tr) => session.dispatch([tr]) });
  assert.equal(bench.shown, "Oh! Hello there");
  assert.equal(pad.text, "Oh! Hello there\n");
  assert.deepEqual([bench.redrawn, bench.failed], [[], []]);
});

test("what other code writes in answer to an edit of ours comes after it", () => {
  const bench: Bench = new Bench((changeset) => {
    bench.pad.applyOwn(changeset);
    bench.session.edited(changeset);
    if (bench.pad.text.includes("?")) return;
    bench.session.edited(bench.pad.edit(0, 0, "? "));
    assert.equal(bench.session.same(), false, "not known in the middle of it");
  });
  bench.insert(11, "!");
  assert.equal(bench.shown, "? Hello there!");
  assert.ok(bench.session.same());
  assert.deepEqual([bench.redrawn, bench.failed], [[], []]);
});

test("nothing is known to be the same while something has not been heard of yet", () => {
  const bench = new Bench();
  const { pad, session } = bench;
  const changeset = easysync.makeSplice(pad.text, 0, 0, "a");
  const apool = { numToAttrib: {}, nextNum: 0 };
  const message = { type: "NEW_CHANGES", newRev: 1, changeset, apool, author: "a.x" } as const;
  const events = [...pad.receive(message)];
  assert.equal(session.same(), false);
  assert.deepEqual(bench.redrawn, [], "it is late, and not wrong");
  for (const event of events) session.heard(event);
  assert.ok(session.same());
  assert.equal(bench.shown, "aHello there");
});
