/** An editor without a screen, on a pad without a server, for tests. */
import assert from "node:assert/strict";

import { type ChangeSet, EditorState, Transaction, type TransactionSpec } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import { type Changed, Collaborator, easysync } from "padfleet-client";

import { fromOthers, travelled, typing } from "../src/editor/changes.js";
import { besideMarkers } from "../src/editor/markers.js";
import { orderlyMarkers } from "../src/editor/numbering.js";
import { type Screen, Session } from "../src/editor/session.js";
import { source } from "../src/editor/source.js";
import { undoing } from "../src/editor/travel.js";

/**
 * Returns a generator of the same numbers for the same seed, so that a failure can be reproduced.
 */
export function randomNumbers(seed: number): (below: number) => number {
  let state = Math.imul(seed, 0x9e3779b9) | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export function padOf(text: string, author = "a.me"): Collaborator {
  const lines = text.split("\n").length - 1;
  const { attribs } = easysync.Body.fromAText({
    text,
    attribs: `|${lines.toString(36)}+${text.length.toString(36)}`,
  }).toAText();
  const apool = { numToAttrib: {}, nextNum: 0 };
  return new Collaborator(
    { initialAttributedText: { text, attribs }, apool, rev: 0, historicalAuthorData: {} },
    author,
  );
}

export class Desk {
  state: EditorState;
  readonly session: Session;
  /** The time of the next transaction, in ms. */
  now = 0;
  /** Other people's changes of the document since this was last emptied. */
  readonly theirs: ChangeSet[] = [];

  constructor(readonly pad: Collaborator) {
    this.session = new Session(
      {
        state: pad,
        applyOwn: (changeset) => {
          pad.applyOwn(easysync.checkRep(changeset));
          this.session.edited(changeset);
        },
      },
      {
        redrawn: () => assert.fail("the editor differed from the pad"),
        failed: (error) => assert.fail(error as Error),
      },
    );
    this.state = EditorState.create({
      doc: pad.text.slice(0, -1),
      extensions: [
        EditorState.lineSeparator.of("\n"),
        source.of(pad),
        undoing.of(this.session.undoing),
        typing,
        besideMarkers,
        orderlyMarkers,
      ],
    });
    const desk = this;
    const screen: Screen = {
      get state() {
        return desk.state;
      },
      update: (transactions) => {
        for (const tr of transactions) {
          if (tr.annotation(fromOthers)) desk.theirs.push(tr.changes);
          desk.state = tr.state;
        }
      },
    };
    this.session.show(screen);
  }

  /** Like a view, dispatches the specs of one call as one transaction. */
  run(...specs: TransactionSpec[]): void {
    const annotations = Transaction.time.of(this.now);
    this.session.dispatch([this.state.update(...specs, { annotations })]);
  }

  /**
   * Dispatches a transaction that a command has made, at the desk's time instead of the machine's.
   */
  private take(tr: Transaction): void {
    if (tr.annotation(travelled)) {
      this.session.dispatch([tr]);
      return;
    }
    const { changes, effects } = tr;
    const userEvent = tr.annotation(Transaction.userEvent) ?? "";
    const selection = tr.selection === undefined ? {} : { selection: tr.selection };
    this.run({ changes, effects, ...selection, userEvent, filter: false });
  }

  /** Runs a command that keys are bound to. */
  key(command: (target: EditorView) => boolean): boolean {
    const { state } = this;
    const dispatch = (...given: (Transaction | TransactionSpec)[]): void => {
      const [first] = given;
      if (first !== undefined && "startState" in first) this.take(first);
      else this.run(...(given as TransactionSpec[]));
    };
    return command({ state, dispatch } as unknown as EditorView);
  }

  type(text: string, kind = "input.type"): void {
    const { from, to } = this.state.selection.main;
    this.run({
      changes: { from, to, insert: text },
      selection: { anchor: from + text.length },
      userEvent: kind,
    });
  }

  select(anchor: number, head = anchor): void {
    this.run({ selection: { anchor, head }, userEvent: "select" });
  }

  /** Makes all own edits part of the pad. */
  settle(): void {
    if (this.pad.nextSubmission() === null) return;
    this.events({ type: "ACCEPT_COMMIT", newRev: this.pad.rev + 1 });
  }

  /** Receives somebody else's change, from a server that already has all own edits. */
  receive(start: number, removed: number, inserted: string, author = "a.other"): void {
    this.settle();
    const pool = new easysync.AttributePool();
    const mine = [["author", author]] as const;
    const { text, rev } = this.pad;
    const changeset = easysync.makeSplice(text, start, removed, inserted, mine, pool);
    this.events({ type: "NEW_CHANGES", newRev: rev + 1, changeset, apool: pool.toJSON(), author });
  }

  events(message: Parameters<Collaborator["receive"]>[0]): void {
    for (const event of this.pad.receive(message)) this.session.heard(event as Changed);
    this.session.flush();
  }

  /** The text with its attributes, by their names instead of numbers. */
  get whole(): [string, Record<string, string>][] {
    const { body, pool } = this.pad;
    return [...body.spansBetween(0, body.text.length)].map(({ from, to, attribs }) => [
      body.text.slice(from, to),
      Object.fromEntries(easysync.attribsOf(attribs, pool)),
    ]);
  }

  get bold(): string {
    return this.whole.flatMap(([text, { bold }]) => (bold === "true" ? [text] : [])).join("");
  }

  agree(): void {
    assert.equal(this.state.doc.sliceString(0, undefined, "\n"), this.pad.text.slice(0, -1));
    assert.ok(this.session.same());
  }
}
