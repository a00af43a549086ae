import { Assembler } from "./assembler.js";
import { encodeAttribs } from "./attributes.js";
import { EasysyncError, shown } from "./errors.js";
import { countLines, numeral, parseNumeral, parseOps } from "./ops.js";
import type { Attribute, AttributePool } from "./pool.js";

const HEADER = /^Z:([0-9a-z]+)([<>])([0-9a-z]+)/;

/** The parts of `Z:<old length><change of length><ops>$<inserted text>`. */
export interface Changeset {
  oldLength: number;
  newLength: number;
  ops: string;
  bank: string;
}

/** Hands out the inserted text of a changeset, piece by piece. */
export class Bank {
  private at = 0;

  constructor(private readonly text: string) {}

  take(chars: number): string {
    const start = this.at;
    this.skip(chars);
    return this.text.slice(start, this.at);
  }

  skip(chars: number): void {
    if (this.at + chars > this.text.length) {
      throw new EasysyncError("the changeset inserts more characters than it holds");
    }
    this.at += chars;
  }

  /** Returns the next character without consuming it. */
  nextChar(): string {
    if (this.at >= this.text.length) {
      throw new EasysyncError("the changeset inserts more characters than it holds");
    }
    return this.text.charAt(this.at);
  }
}

/**
 * Takes a changeset apart. Throws `EasysyncError` if it does not begin like one. Its ops are not
 * checked.
 */
export function unpack(changeset: string): Changeset {
  const header = HEADER.exec(changeset);
  if (header === null) throw new EasysyncError(`not a changeset: ${shown(changeset)}`);
  const [whole, before = "", sign, change = ""] = header;
  const oldLength = parseNumeral(before);
  const newLength = oldLength + (sign === ">" ? 1 : -1) * parseNumeral(change);
  const dollar = changeset.indexOf("$", whole.length);
  const end = dollar < 0 ? changeset.length : dollar;
  return {
    oldLength,
    newLength,
    ops: changeset.slice(whole.length, end),
    bank: changeset.slice(end + 1),
  };
}

export function pack({ oldLength, newLength, ops, bank }: Changeset): string {
  const change = newLength - oldLength;
  const header = `Z:${numeral(oldLength)}${change < 0 ? "<" : ">"}${numeral(Math.abs(change))}`;
  return `${header}${ops}$${bank}`;
}

/** Returns the changeset that changes nothing in a text of `length` code units. */
export function identity(length: number): string {
  return pack({ oldLength: length, newLength: length, ops: "", bank: "" });
}

/** Whether the changeset has no ops. One that has ops without any effect is not the identity. */
export function isIdentity(changeset: string): boolean {
  const { ops, oldLength, newLength } = unpack(changeset);
  return ops === "" && oldLength === newLength;
}

/**
 * Returns `changeset` if it is well-formed and canonical, as servers require of submissions, and
 * throws `EasysyncError` otherwise. Neither the document nor the pool is considered.
 */
export function checkRep(changeset: string): string {
  const { oldLength, newLength, ops, bank } = unpack(changeset);
  const out = new Assembler();
  let position = 0;
  let inserted = 0;
  let result = 0;
  const refuse = (why: string): never => {
    throw new EasysyncError(`${why}: ${shown(changeset)}`);
  };
  for (const { opcode, chars, lines, attribs } of parseOps(ops)) {
    if (opcode === "+") {
      const text = bank.slice(inserted, inserted + chars);
      if (text.length < chars) refuse("inserts more characters than it holds");
      if (countLines(text) !== lines) refuse("an insert has another number of newlines");
      if (lines > 0 && !text.endsWith("\n")) refuse("a multi-line insert ends within a line");
      inserted += chars;
      result += chars;
      if (result > newLength) refuse(`leads to more than length ${newLength}`);
    } else {
      position += chars;
      if (opcode === "=") result += chars;
      else if (position > oldLength) refuse("removes beyond the end");
    }
    out.add(opcode, chars, lines, attribs);
  }
  result += oldLength - position;
  if (result !== newLength) refuse(`leads to length ${result}, not ${newLength}`);
  if (inserted !== bank.length) refuse("holds more characters than it inserts");
  if (pack({ oldLength, newLength, ops: out.finish(), bank }) !== changeset) {
    refuse("not in canonical form");
  }
  return changeset;
}

/** Builds a changeset from the start of the document to its end. */
export class Builder {
  private readonly out = new Assembler();
  private bank = "";

  constructor(private readonly oldLength: number) {}

  /** Keeps `chars` code units. If `lines` newlines are among them, the last code unit is one. */
  keep(chars: number, lines = 0, attribs = ""): this {
    this.out.add("=", chars, lines, attribs);
    return this;
  }

  keepText(text: string, attribs = ""): this {
    this.out.addText("=", text, attribs);
    return this;
  }

  insert(text: string, attribs = ""): this {
    this.out.addText("+", text, attribs);
    this.bank += text;
    return this;
  }

  remove(chars: number, lines = 0): this {
    this.out.add("-", chars, lines, "");
    return this;
  }

  removeText(text: string): this {
    this.out.addText("-", text);
    return this;
  }

  /**
   * Returns the changeset, which keeps the rest of the document. The builder cannot be used any
   * more.
   */
  toChangeset(): string {
    const ops = this.out.finish();
    const { oldLength, bank } = this;
    return pack({ oldLength, newLength: oldLength + this.out.lengthChange, ops, bank });
  }
}

/** Returns the changeset that replaces `removed` code units at `start` with `inserted`. */
export function makeSplice(
  text: string,
  start: number,
  removed: number,
  inserted: string,
  attributes: string | Iterable<Attribute> = "",
  pool?: AttributePool,
): string {
  if (start < 0 || removed < 0) {
    throw new EasysyncError(`cannot remove ${removed} characters at ${start}`);
  }
  let attribs = "";
  if (typeof attributes === "string") attribs = attributes;
  else if (pool !== undefined) attribs = encodeAttribs(attributes, pool, true);
  else throw new EasysyncError("attributes given as pairs need a pool");
  return new Builder(text.length)
    .keepText(text.slice(0, start))
    .removeText(text.slice(start, start + removed))
    .insert(inserted, attribs)
    .toChangeset();
}
