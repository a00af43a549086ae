import assert from "node:assert/strict";
import { test } from "node:test";

import { easysync } from "padfleet-client";

import { withoutAuthors } from "../src/editor/authorship.js";
import { hunks, restoring } from "../src/editor/restore.js";
import { type Source, SYSTEM } from "../src/editor/source.js";
import { Undoing } from "../src/editor/undo.js";
import { randomNumbers } from "./desk.js";

const ME = "a.me";
const AUTHORS = [ME, "a.ada", "a.bob", SYSTEM];
const WORDS = ["one", "two", "", "three ", "🦊", "🦉", "*", "a long line of words"];

type Random = (below: number) => number;

function textOf(random: Random, lines: number): string {
  const line = (): string =>
    Array.from({ length: random(4) }, () => WORDS[random(WORDS.length)]).join("");
  return Array.from({ length: lines }, () => `${line()}\n`).join("") + "\n";
}

/** Returns a text after some edits of lines, which others have made in the meantime. */
function edited(random: Random, text: string): string {
  const lines = text.split("\n");
  for (let i = random(5); i > 0; i -= 1) {
    const fresh = Array.from({ length: random(3) }, () => WORDS[random(WORDS.length)] as string);
    lines.splice(random(lines.length), random(3), ...fresh);
  }
  return `${lines.join("\n")}\n`;
}

function dressed(random: Random, text: string, authors = AUTHORS): Source {
  const pool = new easysync.AttributePool();
  for (let i = random(3); i > 0; i -= 1) pool.put("other", String(random(9)));
  const builder = new easysync.Builder(0);
  for (let at = 0; at < text.length;) {
    const piece = text.slice(at, (at += 1 + random(9)));
    const attributes: [string, string][] = [["author", authors[random(authors.length)] as string]];
    if (random(3) === 0) attributes.push(["bold", "true"]);
    builder.insert(piece, easysync.encodeAttribs(attributes, pool, true));
  }
  const body = new easysync.Body("", []);
  body.apply(builder.toChangeset(), pool);
  return { body, pool };
}

function attributesAt({ body, pool }: Source, at: number): Record<string, string> {
  return Object.fromEntries(easysync.attribsOf(body.attribsAt(at), pool));
}

/** Returns every code unit with its attributes, including the authors if `authors`. */
function seen(source: Source, authors: boolean): unknown[] {
  return Array.from({ length: source.body.text.length }, (_, at) => {
    const { author, ...others } = attributesAt(source, at);
    return [source.body.text[at], others, ...(authors ? [author] : [])];
  });
}

/**
 * Checks that servers would accept the edit: they refuse text under another author's name, and
 * giving text to the system author.
 */
function assertAllowed(changeset: string, pool: easysync.AttributePool): void {
  const { ops } = easysync.unpack(changeset);
  for (const [, attribs = "", opcode] of ops.matchAll(
    /((?:\*[0-9a-z]+)*)(?:\|[0-9a-z]+)?([-+=])/g,
  )) {
    const author = easysync.attribsOf(attribs, pool).get("author");
    if (opcode === "+") assert.equal(author, ME);
    else assert.notEqual(author, SYSTEM);
  }
}

test("hunks are all that differs, in order, and never half of a pair", () => {
  const random = randomNumbers(11);
  for (let round = 0; round < 400; round += 1) {
    const before = textOf(random, random(30));
    const after = round % 3 === 0 ? textOf(random, random(30)) : edited(random, before);
    let [text, at, there] = ["", 0, 0];
    for (const { from, to, start, end } of hunks(before, after)) {
      assert.ok(from >= at && to >= from && end >= start);
      assert.equal(before.slice(at, from), after.slice(there, start));
      assert.ok(to > from || end > start, "a hunk of nothing");
      for (const edge of [before.slice(from, to), after.slice(start, end)]) {
        assert.doesNotThrow(() => encodeURIComponent(edge), "half of a pair");
      }
      text += before.slice(at, from) + after.slice(start, end);
      [at, there] = [to, end];
    }
    assert.equal(text + before.slice(at), after);
  }
});

test("what stands between lines that stay is not written anew", () => {
  const before = "first\nkept line\nmiddle\nanother kept\nlast\n";
  const after = "1st\nkept line\nmid\nnew\nanother kept\nlast\n";
  assert.deepEqual(
    hunks(before, after).map(({ from, to, start, end }) => [
      before.slice(from, to),
      after.slice(start, end),
    ]),
    [
      ["fir", "1"],
      ["dle", "\nnew"],
    ],
  );
});

test("twenty thousand lines that are all alike take no time to speak of", () => {
  const before = "same\n".repeat(20_000);
  const after = "same\n".repeat(10_000) + "other\n" + "same\n".repeat(10_000);
  assert.equal(hunks(before, after).length, 1);
});

test("a restored text is what it was, its authors too where it was not written anew", () => {
  const random = randomNumbers(12);
  for (let round = 0; round < 300; round += 1) {
    const text = textOf(random, 1 + random(20));
    const now = dressed(random, edited(random, text));
    const wanted = dressed(random, text);
    const changeset = easysync.checkRep(restoring(now, wanted, ME));
    const body = now.body.clone();
    body.apply(changeset, now.pool);
    const restored = { body, pool: now.pool };
    assert.deepEqual(seen(restored, false), seen(wanted, false));
    assertAllowed(changeset, now.pool);
  }
});

test("of a text that has not changed, every author comes back", () => {
  const random = randomNumbers(13);
  const real = AUTHORS.slice(0, 3);
  for (let round = 0; round < 100; round += 1) {
    const text = textOf(random, 1 + random(20));
    const [now, wanted] = [dressed(random, text, real), dressed(random, text, real)];
    now.body.apply(restoring(now, wanted, ME), now.pool);
    assert.deepEqual(seen(now, true), seen(wanted, true));
  }
});

test("restoring and clearing are undone exactly, as far as text was not removed", () => {
  const random = randomNumbers(14);
  for (let round = 0; round < 200; round += 1) {
    const text = textOf(random, 1 + random(20));
    const now = dressed(random, text);
    const before = seen(now, true);
    const undoing = new Undoing(now.pool, ME);
    const caret = { anchor: 0, head: 0 };
    const from = random(text.length);
    const changeset =
      round % 2 === 0
        ? withoutAuthors(now, from, from + 1 + random(text.length - from))
        : restoring(now, dressed(random, text), ME);
    if (easysync.isIdentity(changeset)) continue;
    undoing.record(easysync.checkRep(changeset), now.body, { time: 0, kind: "format", caret });
    now.body.apply(changeset, now.pool);
    const step = undoing.next("undo", now.body.text);
    assert.ok(step !== null);
    assertAllowed(step.changeset, now.pool);
    now.body.apply(step.changeset, now.pool);
    assert.deepEqual(seen(now, true), before);
  }
});

test("text that nobody wrote is left alone when colours are cleared", () => {
  const now = dressed(randomNumbers(15), "Welcome\n", [SYSTEM]);
  assert.ok(easysync.isIdentity(withoutAuthors(now, 0, 8)));
  const mixed = dressed(randomNumbers(16), textOf(randomNumbers(16), 30));
  const { length } = mixed.body.text;
  mixed.body.apply(withoutAuthors(mixed, 0, length), mixed.pool);
  const left = new Set(Array.from({ length }, (_, at) => attributesAt(mixed, at)["author"]));
  assert.deepEqual(left, new Set([undefined, SYSTEM]));
});
