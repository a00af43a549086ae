/**
 * Tests that a change which is too large for one submission is sent in pieces with the same result.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  attribsOf,
  AttributePool,
  Builder,
  checkRep,
  compose,
  encodeAttribs,
  makeSplice,
  prepareForWire,
  unpack,
} from "../src/easysync/index.js";
import { parseOps } from "../src/easysync/ops.js";
import { TooLarge } from "../src/errors.js";
import { split } from "../src/splitting.js";
import { FIXED, fits, type SplitLimits, splitLimits } from "../src/submissionsize.js";
import { randomNumbers } from "./random.js";

type Attributes = [string, string][];

const BY_ME: Attributes = [["author", "a.me"]];

/**
 * Returns the size of the packet with the changeset in bytes, assuming the longest possible
 * numbers.
 */
function sentSize(changeset: string, pool: AttributePool): number {
  const wire = prepareForWire(changeset, pool);
  const baseRev = Number.MAX_SAFE_INTEGER;
  const data = {
    type: "USER_CHANGES",
    baseRev,
    changeset: wire.translated,
    apool: wire.pool.toJSON(),
  };
  const message = { type: "COLLABROOM", component: "pad", data };
  return Buffer.byteLength(`42${baseRev}${JSON.stringify(["message", message])}`);
}

function check(changeset: string, pool: AttributePool, limits: SplitLimits): string[] {
  const pieces = split(changeset, pool, limits);
  assert.equal(
    pieces.reduce((a, b) => compose(a, b, pool)),
    changeset,
  );
  for (const piece of pieces) {
    assert.ok(sentSize(piece, pool) <= limits.bytes);
    checkRep(piece);
    const ops = parseOps(unpack(piece).ops);
    assert.ok(ops.length <= limits.ops + 2);
    for (const { opcode, attribs } of ops)
      if (opcode === "+") assert.ok(attribsOf(attribs, pool).has("author"));
    const wire = prepareForWire(piece, pool);
    assert.ok(Object.keys(wire.pool.toJSON().numToAttrib).length <= limits.attributes);
  }
  return pieces;
}

const TEXTS = [
  "a",
  "word ",
  "\n",
  "two\nlines\n",
  '"\\',
  "\u0001\u0002",
  "漢字",
  "😀",
  "\ud83d",
  "\udc00",
];

/** Returns random edits of a random document, with attributes of many sizes. */
function aChange(random: (below: number) => number): [string, AttributePool] {
  const pool = new AttributePool();
  const words = (many: number): string =>
    Array.from({ length: many }, () => TEXTS[random(TEXTS.length)]).join("");
  const attributes = (ofText: boolean): Attributes => {
    const chosen = new Map<string, string>(ofText ? BY_ME : []);
    for (let left = [0, 0, 1, 2, 6][random(5)] ?? 0; left > 0; left -= 1) {
      const value = ["true", "x".repeat(1 + random(150)), "é".repeat(9)][random(3)] as string;
      chosen.set(`k${random(30)}`, value);
    }
    return [...chosen];
  };
  const text = `${words(random(60))}\n`;
  const builder = new Builder(text.length);
  for (let at = 0; at < text.length;) {
    const step = text.slice(at, at + 1 + random(11));
    at += step.length;
    const kind = random(5);
    if (kind === 2) builder.keepText(step, encodeAttribs(attributes(false), pool, false));
    else if (kind === 3 && at < text.length) builder.removeText(step);
    else if (kind === 4)
      builder.insert(
        words([1, 3, 40, 300][random(4)] ?? 1),
        encodeAttribs(attributes(true), pool, true),
      );
    if (kind !== 2 && !(kind === 3 && at < text.length)) builder.keepText(step);
  }
  return [builder.toChangeset(), pool];
}

test("the pieces come to the change, and each fits", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const random = randomNumbers(seed);
    const [changeset, pool] = aChange(random);
    const few = random(2) === 0;
    const limits = {
      bytes: FIXED + 330 + random(3000),
      ops: few ? 12 : 9999,
      attributes: few ? 8 : 999,
    };
    check(changeset, pool, limits);
  }
});

for (const [name, piece] of Object.entries({
  plain: "plain text with spaces ",
  "of three bytes": "漢",
  escaped: '"',
  newlines: "\n",
  controls: "\u0001",
  pairs: "😀",
  halves: "\ud83d",
  lines: "a\n",
})) {
  test(`a paste of more than a megabyte goes out in few pieces: ${name}`, () => {
    const pool = new AttributePool();
    const inserted = piece.repeat(1_200_000 / piece.length);
    const changeset = makeSplice("before\nafter\n", 7, 3, inserted, BY_ME, pool);
    const pieces = check(changeset, pool, splitLimits(1_000_000));
    assert.ok(pieces.length <= sentSize(changeset, pool) / 900_000 + 2);
  });
}

test("what fits is left as it is", () => {
  const pool = new AttributePool();
  const changeset = makeSplice("hello\n", 2, 1, "some text\n", BY_ME, pool);
  assert.deepEqual(split(changeset, pool, splitLimits(10_000)), [changeset]);
  assert.deepEqual(split("Z:6>0$", pool, splitLimits(10_000)), ["Z:6>0$"]);
  const wire = prepareForWire(changeset, pool);
  assert.ok(fits(wire.translated, wire.pool, splitLimits(1_000)));
  assert.ok(!fits(wire.translated, wire.pool, splitLimits(FIXED + 20)));
});

test("attributes that are too large together are set one after the other", () => {
  const pool = new AttributePool();
  const large = Array.from({ length: 5 }, (_, n): [string, string] => [
    `picture${n}`,
    "x".repeat(400_000),
  ]);
  check(
    makeSplice("a\n", 1, 0, "* text", [...BY_ME, ...large], pool),
    pool,
    splitLimits(1_000_000),
  );
  const builder = new Builder(2).keepText("a").keepText("\n", encodeAttribs(large, pool, false));
  check(builder.toChangeset(), pool, splitLimits(1_000_000));
});

test("one attribute that is too large is named", () => {
  const pool = new AttributePool();
  const large: Attributes = [["picture", "x".repeat(1_000_000)]];
  for (const changeset of [
    makeSplice("a\n", 1, 0, "*", [...BY_ME, ...large], pool),
    new Builder(2).keepText("a", encodeAttribs(large, pool, false)).toChangeset(),
  ]) {
    assert.throws(
      () => split(changeset, pool, splitLimits(1_000_000)),
      (error: Error) => error instanceof TooLarge && /"picture" takes more/.test(error.message),
    );
  }
});
