/**
 * Splits a change that is too large for one submission into several. It is pure.
 *
 * A server closes the connection on a message above its limit, so a client that repeats such a
 * message never gets anywhere. A larger change therefore goes out in pieces whose composition is
 * the change. Every state in between is valid. In particular, whatever stands before a character in
 * such a state also stands before it in the end, or is the end of a line there. So a list's marker
 * never stands in the middle of a line, where servers would remove it.
 */
import { Assembler } from "./easysync/assembler.js";
import { type AttributePool, pack, unpack } from "./easysync/index.js";
import {
  countLines,
  numeral,
  type Op,
  type Opcode,
  parseNumeral,
  parseOps,
} from "./easysync/ops.js";
import { TooLarge } from "./errors.js";

/** The most bytes that a submission takes in addition to its ops, text and attributes. */
export const FIXED = 384;

/** The most bytes that an op takes, without the numbers of its attributes. */
const OP = 24;

/** The bytes of an attribute's number in an op. */
const NUMBER = 4;

/** The bytes of an entry of the pool in addition to its key and value. */
const ENTRY = 8;

/** The most bytes that a character takes: two halves of a pair, each as an escape. */
const CHARACTER = 12;

/** The limits of a single submission. */
export interface Room {
  /** The bytes of the packet as it is sent: in UTF-8, after JSON's escapes. */
  bytes: number;
  ops: number;
  /** The attributes in the submission's pool. */
  attributes: number;
}

/** Returns the limits of a server that takes `bytes` at once. */
export function roomOf(bytes: number): Room {
  return { bytes, ops: 10_000, attributes: 1_000 };
}

const UTF8 = new TextEncoder();

/** Returns the number of bytes of a value as JSON. */
export function jsonSize(value: unknown): number {
  return UTF8.encode(JSON.stringify(value)).length;
}

function textSize(text: string): number {
  return jsonSize(text) - 2;
}

function entrySize(number: number, pool: AttributePool): number {
  return jsonSize(pool.get(number)) + ENTRY;
}

/** Whether a changeset with its pool on the wire is within the limits of `room`. */
export function fits(changeset: string, wire: AttributePool, room: Room): boolean {
  const { numToAttrib } = wire.toJSON();
  const attributes = Object.values(numToAttrib);
  const dollar = changeset.indexOf("$");
  if (attributes.length > room.attributes) return false;
  if ((changeset.slice(0, dollar).match(/[-+=]/g)?.length ?? 0) > room.ops) return false;
  const entries = attributes.reduce((sum, pair) => sum + jsonSize(pair) + ENTRY, 0);
  return FIXED + entries + textSize(changeset) <= room.bytes;
}

/** Throws `TooLarge` if the changeset has an attribute that no submission has room for. */
export function checkAttributes(changeset: string, pool: AttributePool, room: Room): void {
  for (const { attribs } of parseOps(unpack(changeset).ops)) {
    for (const number of numbersOf(attribs)) {
      const [key, value] = pool.get(number);
      // it fits, whichever characters it contains
      if (key.length + value.length <= room.bytes / 8) continue;
      const size = FIXED + entrySize(number, pool) + 2 * (OP + NUMBER) + CHARACTER;
      if (size > room.bytes) throw tooLarge(key, room);
    }
  }
}

/**
 * Returns successive changesets that together do what `changeset` does, each within `room`.
 *
 * If `changeset` is canonical, it is exactly their composition. It may also be below the limit.
 * Throws `TooLarge`, or `EasysyncError` if it is not a changeset.
 */
export function split(changeset: string, pool: AttributePool, room: Room): string[] {
  const change = unpack(changeset);
  const splitter = new Splitter(change.oldLength, pool, room);
  let position = 0;
  let removals: Op[] = [];
  let inserts: Insert[] = [];
  for (const op of parseOps(change.ops)) {
    if (op.opcode === "-") {
      removals.push(op);
    } else if (op.opcode === "+") {
      const text = change.bank.slice(position, position + op.chars);
      inserts.push({ text, numbers: numbersOf(op.attribs) });
      position += op.chars;
    } else {
      splitter.replace(removals, inserts);
      removals = [];
      inserts = [];
      splitter.keep(op.chars, op.lines, numbersOf(op.attribs));
    }
  }
  splitter.replace(removals, inserts);
  return splitter.finish();
}

interface Insert {
  text: string;
  numbers: number[];
}

function tooLarge(key: string, room: Room): TooLarge {
  return new TooLarge(
    `the attribute ${JSON.stringify(key.slice(0, 40))} takes more than the ${room.bytes} bytes ` +
      "that the server takes at once",
  );
}

function numbersOf(attribs: string): number[] {
  return attribs.split("*").slice(1).map(parseNumeral);
}

function written(numbers: readonly number[]): string {
  return numbers.map((number) => `*${numeral(number)}`).join("");
}

/** A position in the new text: the part up to the last newline, and the part after it. */
class Place {
  chars = 0;
  lines = 0;
  tail = 0;

  move(chars: number, lines: number): void {
    if (lines === 0) {
      this.tail += chars;
      return;
    }
    this.chars += this.tail + chars;
    this.lines += lines;
    this.tail = 0;
  }

  moveOver(text: string): void {
    const head = text.lastIndexOf("\n") + 1;
    this.move(head, countLines(text));
    this.move(text.length - head, 0);
  }
}

class Splitter {
  private readonly place = new Place();
  private readonly pieces: string[] = [];
  /**
   * The attributes of a newline that ends the inserted text. It is inserted before the text that it
   * will follow, so that what comes after it always stands at the start of a line.
   */
  private lastLine: number[] | null = null;
  private out = new Assembler();
  private bank = "";
  private known = new Set<number>();
  private left = 0;
  private opsLeft = 0;
  private empty = true;

  constructor(
    private length: number,
    private readonly pool: AttributePool,
    private readonly room: Room,
  ) {
    this.begin();
  }

  finish(): string[] {
    this.flush();
    if (this.pieces.length > 0) return this.pieces;
    return [pack({ oldLength: this.length, newLength: this.length, ops: "", bank: "" })];
  }

  keep(chars: number, lines: number, numbers: number[]): void {
    let rest = numbers;
    while (rest.length > 0) {
      let count = rest.length;
      if (!this.has(this.cost(rest), rest)) {
        this.flush();
        if (!this.has(this.cost(rest), rest)) count = this.firstOf(rest, this.left);
      }
      this.put("=", chars, lines, rest.slice(0, count));
      rest = rest.slice(count);
      if (rest.length > 0) this.flush();
    }
    if (numbers.length === 0) {
      if (!this.has(OP, [])) this.flush();
      this.passOver(chars, lines);
    }
    this.place.move(chars, lines);
  }

  replace(removals: Op[], inserts: Insert[]): void {
    if (!this.hasAll(removals, inserts)) this.flush();
    const whole = this.hasAll(removals, inserts);
    for (const { chars, lines, attribs } of removals)
      this.put("-", chars, lines, numbersOf(attribs));
    if (!whole && inserts.length > 0) {
      this.insertInParts(inserts);
      return;
    }
    for (const { text, numbers } of inserts) {
      this.putText("+", text, numbers);
      this.place.moveOver(text);
    }
  }

  // --- Room in a piece --------------------------------------------------------------------------

  /** Returns the bytes of `ops` ops with these attributes in the current piece. */
  private cost(numbers: readonly number[], ops = 1): number {
    let bytes = ops * (OP + NUMBER * numbers.length);
    for (const number of new Set(numbers))
      if (!this.known.has(number)) bytes += entrySize(number, this.pool);
    return bytes;
  }

  private has(cost: number, numbers: readonly number[], ops = 1): boolean {
    if (cost > this.left || ops > this.opsLeft) return false;
    return (
      numbers.length === 0 || new Set([...this.known, ...numbers]).size <= this.room.attributes
    );
  }

  private hasAll(removals: Op[], inserts: Insert[]): boolean {
    const taken = removals.map(({ attribs }) => numbersOf(attribs));
    const numbers = [...taken.flat(), ...inserts.flatMap((insert) => insert.numbers)];
    let cost = this.cost(numbers);
    for (const each of taken) cost += OP + NUMBER * each.length;
    for (const insert of inserts)
      cost += 2 * (OP + NUMBER * insert.numbers.length) + textSize(insert.text);
    return this.has(cost, numbers, removals.length + 2 * inserts.length);
  }

  /**
   * Returns how many of the attributes fit into `within` bytes of an empty piece. Throws `TooLarge`
   * if not even the first one fits.
   */
  private firstOf(numbers: readonly number[], within: number, ops = 1): number {
    const most = Math.min(numbers.length, Math.floor(this.room.attributes / 2));
    let left = within - ops * OP;
    for (const [count, number] of numbers.slice(0, most).entries()) {
      left -= entrySize(number, this.pool) + ops * NUMBER;
      if (left >= 0) continue;
      if (count === 0) throw tooLarge(this.pool.get(number)[0], this.room);
      return count;
    }
    return most;
  }

  private get reserved(): number {
    return this.lastLine === null ? 0 : this.cost(this.lastLine) + 2;
  }

  // --- The current piece ------------------------------------------------------------------------

  private begin(): void {
    this.out = new Assembler();
    this.bank = "";
    this.known = new Set();
    this.left = this.room.bytes - FIXED;
    this.opsLeft = this.room.ops;
    this.empty = true;
    this.out.add("=", this.place.chars, this.place.lines, "");
    this.out.add("=", this.place.tail, 0, "");
  }

  /** Ends the piece, unless it is empty. */
  private flush(): void {
    if (this.empty) return;
    if (this.lastLine !== null) {
      this.out.add("+", 1, 1, written(this.lastLine));
      this.bank += "\n";
      this.lastLine = null;
    }
    const ops = this.out.finish();
    const newLength = this.length + this.out.lengthChange;
    this.pieces.push(pack({ oldLength: this.length, newLength, ops, bank: this.bank }));
    this.length = newLength;
    this.begin();
  }

  private put(opcode: Opcode, chars: number, lines: number, numbers: readonly number[]): void {
    this.left -= this.cost(numbers);
    this.opsLeft -= 1;
    for (const number of numbers) this.known.add(number);
    this.empty = false;
    this.out.add(opcode, chars, lines, written(numbers));
  }

  private putText(opcode: Opcode, text: string, numbers: readonly number[]): void {
    const head = text.lastIndexOf("\n") + 1;
    if (head > 0) this.put(opcode, head, countLines(text), numbers);
    if (head < text.length) this.put(opcode, text.length - head, 0, numbers);
    if (opcode !== "+") return;
    this.left -= textSize(text);
    this.bank += text;
  }

  private passOver(chars: number, lines: number): void {
    this.out.add("=", chars, lines, "");
    if (this.empty) return; // the piece begins there
    this.left -= OP;
    this.opsLeft -= 1;
  }

  private insertInParts(inserts: Insert[]): void {
    const last = inserts[inserts.length - 1] as Insert;
    const newline = last.text.endsWith("\n") && this.cost(last.numbers) + 2 <= this.left / 4;
    const parts = [...inserts];
    if (newline) {
      parts[parts.length - 1] = { ...last, text: last.text.slice(0, -1) };
      this.lastLine = last.numbers;
    }
    let first = true;
    for (const { text, numbers } of parts) {
      let rest = text;
      while (rest !== "") {
        const part = this.insertPart(rest, numbers, first);
        rest = rest.slice(part.length);
        first = false;
      }
    }
    if (!newline) return;
    if (this.lastLine === null) {
      this.passOver(1, 1); // the newline has been inserted already
    } else {
      this.lastLine = null;
      this.putText("+", "\n", last.numbers);
    }
    this.place.move(1, 1);
  }

  /**
   * Inserts a part from the beginning of `text`, and returns it. The `first` part is in the same
   * piece as the removal that it replaces.
   */
  private insertPart(text: string, numbers: number[], first: boolean): string {
    const hasRoom = (): boolean =>
      this.has(this.cost(numbers, 2) + this.reserved + CHARACTER, numbers, 3);
    if (!first && !hasRoom()) this.flush();
    let now = numbers;
    let later: number[] = [];
    if (!hasRoom()) {
      // Servers refuse an insert without an author, so the author is among the first attributes.
      const isAuthor = (number: number): boolean => this.pool.get(number)[0] === "author";
      const ordered = [
        ...numbers.filter(isAuthor),
        ...numbers.filter((number) => !isAuthor(number)),
      ];
      const count = this.firstOf(ordered, this.left - this.reserved - CHARACTER, 2);
      now = ordered.slice(0, count);
      later = ordered.slice(count);
    }
    const part = beginning(text, this.left - this.reserved - this.cost(now, 2));
    this.putText("+", part, now);
    while (later.length > 0) {
      this.flush();
      const count = this.firstOf(later, this.left, 2);
      this.putText("=", part, later.slice(0, count));
      later = later.slice(count);
    }
    this.place.moveOver(part);
    return part;
  }
}

/**
 * Returns the beginning of the text that takes at most about `size` bytes, but at least one
 * character. Surrogate pairs stay together.
 */
function beginning(text: string, size: number): string {
  let part = text.slice(0, Math.max(size, 2));
  for (let taken = textSize(part); part.length > 2 && taken > size; taken = textSize(part)) {
    const fewer = Math.floor((part.length * size) / taken);
    part = part.slice(0, Math.max(2, Math.min(part.length - 1, fewer)));
  }
  let end = part.length;
  if (isPair(text, end)) end += end > 1 ? -1 : 1;
  return text.slice(0, end);
}

/** Whether the two code units around `at` are a surrogate pair. */
function isPair(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}
