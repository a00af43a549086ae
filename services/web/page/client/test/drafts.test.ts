/** Tests of edits that were not accepted before their page was closed, and are put back. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Collaborator } from "../src/collaborator.js";
import { draftOf, MOST_KEPT, rebased, textOf } from "../src/drafts.js";
import {
  AttributePool,
  Body,
  follow,
  inverse,
  makeSplice,
  moveToPool,
  prepareForWire,
} from "../src/easysync/index.js";
import { History } from "../src/history.js";
import type { ChangesetAnswer, Submission } from "../src/messages.js";
import { randomNumbers } from "./random.js";

const ME = "a.me";

/** A pad with all of its revisions, starting from a text. */
class Pad {
  readonly pool = new AttributePool();
  readonly changesets: string[] = [];
  readonly bodies: Body[];

  constructor(text: string) {
    this.bodies = [Body.fromAText({ text, attribs: `|1+${text.length.toString(36)}` })];
  }

  get head(): Body {
    return this.bodies.at(-1) as Body;
  }

  get rev(): number {
    return this.changesets.length;
  }

  join(): Collaborator {
    const apool = this.pool.toJSON();
    const initialAttributedText = this.head.toAText();
    const { rev } = this;
    return new Collaborator({ initialAttributedText, apool, rev, historicalAuthorData: {} }, ME);
  }

  commit(changeset: string, from = this.rev): void {
    let mine = changeset;
    for (const later of this.changesets.slice(from)) mine = follow(later, mine, this.pool);
    const next = this.head.clone();
    next.apply(mine, this.pool);
    this.bodies.push(next);
    this.changesets.push(mine);
  }

  take({ baseRev, changeset, apool }: Submission): void {
    this.commit(moveToPool(changeset, AttributePool.from(apool), this.pool), baseRev);
  }

  other(at: number, removed: number, inserted: string): void {
    const by = [["author", "a.other"]] as const;
    this.commit(makeSplice(this.head.text, at, removed, inserted, by, this.pool));
  }

  history(): History {
    const { text, attribs } = this.head.toAText();
    const pool = AttributePool.from(this.pool.toJSON());
    return new History({ text, attribs }, pool, this.rev, undefined, (start) => this.ask(start));
  }

  /** Answers as servers do: from revision `start - 1` on, counted from the empty pad. */
  private ask(start: number): Promise<ChangesetAnswer> {
    const apool = new AttributePool();
    const forwardsChangesets: string[] = [];
    const backwardsChangesets: string[] = [];
    for (let rev = start - 1; rev < Math.min(start + 99, this.rev); rev += 1) {
      const forwards = rev < 0 ? "Z:0>0$" : (this.changesets[rev] as string);
      const before = (this.bodies[Math.max(rev, 0)] as Body).toAText();
      const backwards = rev < 0 ? forwards : inverse(forwards, before, this.pool);
      forwardsChangesets.push(moveToPool(forwards, this.pool, apool));
      backwardsChangesets.push(moveToPool(backwards, this.pool, apool));
    }
    return Promise.resolve({
      start,
      granularity: 1,
      requestID: 1,
      forwardsChangesets,
      backwardsChangesets,
      timeDeltas: forwardsChangesets.map(() => 1),
      apool: apool.toJSON(),
      actualEndNum: this.rev + 1,
    });
  }
}

const WHERE = { id: "x", padId: "p" };

test("what was not sent is put back, whatever others wrote and whatever had got through", async () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = randomNumbers(seed);
    const pad = new Pad("hello\nworld\n");
    for (let count = random(4); count > 0; count -= 1) pad.other(random(5), 0, "<");
    const page = pad.join();
    page.edit(random(5), 1, "ONE");
    const sent = page.nextSubmission() as Submission;
    page.edit(random(5), 0, "TWO\n");
    const draft = draftOf(page, WHERE, 0);
    assert.ok(draft !== null);
    assert.match(textOf(draft), /ONE.*TWO/s);
    for (let count = random(4); count > 0; count -= 1)
      pad.other(random(pad.head.text.length - 1), random(2), ["a", "\n", ""][random(3)] ?? "");
    if (random(2) === 0) pad.take(sent);
    for (let count = random(4); count > 0; count -= 1) pad.other(0, 0, ">");
    const left = await rebased(draft, pad.history(), () => pad.rev, pad.pool);
    assert.ok(left !== null && left !== "");
    pad.commit(left);
    assert.equal(pad.head.text.split("TWO").length, 2);
    const count = (letter: string): number => pad.head.text.split(letter).length - 1;
    assert.ok(count("N") === 1 && count("T") === 1, pad.head.text);
  }
});

test("nothing is left of what had got through", async () => {
  const pad = new Pad("hello\n");
  const page = pad.join();
  page.edit(0, 0, "one ");
  pad.take(page.nextSubmission() as Submission);
  const draft = draftOf(page, WHERE, 0);
  assert.ok(draft !== null);
  assert.equal(await rebased(draft, pad.history(), () => pad.rev, pad.pool), "");
});

test("it is not put back where the pad is another one", async () => {
  const page = new Pad("hello\n").join();
  page.edit(0, 0, "one ");
  const draft = draftOf(page, WHERE, 0);
  assert.ok(draft !== null);
  const other = new Pad("jello\n");
  assert.equal(await rebased(draft, other.history(), () => other.rev, other.pool), null);
  const ahead = { ...draft, rev: 7 };
  assert.equal(await rebased(ahead, other.history(), () => other.rev, other.pool), null);
});

test("there is nothing to keep where all was accepted, and what is too much is not kept", () => {
  const pad = new Pad("hello\n");
  const page = pad.join();
  assert.equal(draftOf(page, WHERE, 0), null);
  page.edit(0, 0, "x".repeat(MOST_KEPT + 1));
  assert.equal(draftOf(page, WHERE, 0), null);
  assert.ok(prepareForWire("Z:1>0$", pad.pool).translated);
});
