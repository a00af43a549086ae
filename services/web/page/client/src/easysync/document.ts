import { Run } from "./assembler.js";
import { attribsOf, encodeAttribs } from "./attributes.js";
import { type AText, Body, checkLines } from "./body.js";
import { Bank, Builder, checkRep, unpack } from "./changeset.js";
import { EasysyncError } from "./errors.js";
import { parseOps } from "./ops.js";
import type { AttributePool } from "./pool.js";

/** Text that replaces `[from, to)` of the document before. */
export interface TextChange {
  from: number;
  to: number;
  insert: string;
}

/** Returns what a changeset does to a text, in order, in positions of the text before it. */
export function textChanges(changeset: string): TextChange[] {
  const { ops, bank } = unpack(changeset);
  const inserts = new Bank(bank);
  const changes: TextChange[] = [];
  let at = 0;
  for (const op of parseOps(ops)) {
    if (op.opcode === "=") {
      at += op.chars;
      continue;
    }
    let last = changes.at(-1);
    if (last?.to !== at) {
      last = { from: at, to: at, insert: "" };
      changes.push(last);
    }
    if (op.opcode === "+") {
      last.insert += inserts.take(op.chars);
    } else {
      at += op.chars;
      last.to = at;
    }
  }
  return changes;
}

/**
 * Returns the text after the changeset. Throws `EasysyncError` if the changeset is for a text of
 * another length, or if its numbers of newlines do not match the text.
 */
export function applyToText(changeset: string, text: string): string {
  const { oldLength, ops, bank } = unpack(changeset);
  if (oldLength !== text.length) {
    throw new EasysyncError(
      `the changeset is for length ${oldLength}, the text has ${text.length}`,
    );
  }
  const inserts = new Bank(bank);
  let result = "";
  let at = 0;
  for (const op of parseOps(ops)) {
    if (op.opcode === "+") {
      const inserted = inserts.take(op.chars);
      checkLines(inserted, op.lines);
      result += inserted;
      continue;
    }
    const piece = text.slice(at, at + op.chars);
    if (piece.length < op.chars) {
      throw new EasysyncError("the changeset reaches beyond the end of the text");
    }
    checkLines(piece, op.lines);
    if (op.opcode === "=") result += piece;
    at += op.chars;
  }
  return result + text.slice(at);
}

/** Returns the document after the changeset. */
export function applyToAText(changeset: string, atext: AText, pool: AttributePool): AText {
  applyToText(changeset, atext.text); // called for its checks
  const body = Body.fromAText(atext);
  body.apply(changeset, pool);
  return body.toAText();
}

/**
 * Returns the changeset that leads back from the result of `changeset` to `atext`. An attribute
 * that `changeset` has added is set to "", which may be new to the pool.
 */
export function inverse(changeset: string, atext: AText, pool: AttributePool): string {
  return inverseOn(Body.fromAText(atext), changeset, pool);
}

/**
 * Returns the same as `inverse`, in one pass over what the changeset touches. `restored` maps the
 * attributes that removed text had to those that it gets back.
 */
export function inverseOn(
  body: Body,
  changeset: string,
  pool: AttributePool,
  restored: (attribs: string) => string = (attribs) => attribs,
): string {
  const { oldLength, newLength, ops } = unpack(changeset);
  const { text } = body;
  if (oldLength !== text.length) {
    throw new EasysyncError(
      `the changeset is for length ${oldLength}, the text has ${text.length}`,
    );
  }
  const builder = new Builder(newLength);
  const reader = body.reader();
  let at = 0;
  for (const op of parseOps(ops)) {
    if (op.opcode === "+") {
      builder.remove(op.chars, op.lines);
      continue;
    }
    if (op.opcode === "=" && op.attribs === "") {
      // As in `apply`, the newlines in text that is kept unchanged are not counted.
      builder.keep(op.chars, op.lines);
      reader.skip(op.chars);
      at += op.chars;
      continue;
    }
    checkLines(text.slice(at, at + op.chars), op.lines);
    const changed = attribsOf(op.attribs, pool);
    for (const { chars, attribs } of reader.take(op.chars)) {
      const piece = text.slice(at, at + chars);
      at += chars;
      if (op.opcode === "-") {
        builder.insert(piece, restored(attribs));
      } else {
        const old = attribsOf(attribs, pool);
        const back = [...changed]
          .map(([key, value]) => [key, old.get(key) ?? "", value] as const)
          .filter(([, had, value]) => had !== value)
          .map(([key, had]) => [key, had] as const);
        builder.keepText(piece, encodeAttribs(back, pool, false));
      }
    }
  }
  return checkRep(builder.toChangeset());
}

/** Returns a document's attributes line by line. What follows the last newline is left out. */
export function splitAttributionLines({ text, attribs }: AText): string[] {
  const body = Body.fromAText({ text, attribs });
  const lines: string[] = [];
  let from = 0;
  for (let to = text.indexOf("\n") + 1; to > 0; to = text.indexOf("\n", to) + 1) {
    const run = new Run("+");
    for (const span of body.spansBetween(from, to)) {
      run.add(span.to - span.from, span.to === to ? 1 : 0, span.attribs);
    }
    lines.push(run.take());
    from = to;
  }
  return lines;
}
