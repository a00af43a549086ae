/**
 * Splits a change that is too large for one submission into several. It is pure.
 *
 * A server closes the connection on a message above its limit, so a client that repeats such a
 * message never gets anywhere. A larger change therefore goes out in pieces whose composition is
 * the change. Every state in between is valid. In particular, whatever stands before a character in
 * such a state also stands before it in the end, or is the end of a line there. So a list's marker
 * never stands in the middle of a line, where servers would remove it.
 */
import { type AttributePool, unpack } from "./easysync/index.js";
import { type Op, parseOps } from "./easysync/ops.js";
import { SplitPieces } from "./splitpieces.js";
import { CHARACTER, NUMBER, numbersOf, OP, type SplitLimits, textSize } from "./submissionsize.js";

/**
 * Returns successive changesets that together do what `changeset` does, each within `limits`.
 *
 * If `changeset` is canonical, it is exactly their composition. It may also be below the limit.
 * Throws `TooLarge`, or `EasysyncError` if it is not a changeset.
 */
export function split(changeset: string, pool: AttributePool, limits: SplitLimits): string[] {
  const change = unpack(changeset);
  const pieces = new SplitPieces(change.oldLength, pool, limits);
  const splitter = new Splitter(pieces, pool);
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
  return pieces.finish();
}

interface Insert {
  text: string;
  numbers: number[];
}

/** Says what of a change goes into which piece. */
class Splitter {
  constructor(
    private readonly pieces: SplitPieces,
    private readonly pool: AttributePool,
  ) {}

  keep(chars: number, lines: number, numbers: number[]): void {
    let rest = numbers;
    while (rest.length > 0) {
      let count = rest.length;
      if (!this.pieces.hasRoom(this.pieces.cost(rest), rest)) {
        this.pieces.complete();
        if (!this.pieces.hasRoom(this.pieces.cost(rest), rest))
          count = this.pieces.firstOf(rest, this.pieces.left);
      }
      this.pieces.put("=", chars, lines, rest.slice(0, count));
      rest = rest.slice(count);
      if (rest.length > 0) this.pieces.complete();
    }
    if (numbers.length === 0) {
      if (!this.pieces.hasRoom(OP, [])) this.pieces.complete();
      this.pieces.passOver(chars, lines);
    }
    this.pieces.moved(chars, lines);
  }

  replace(removals: Op[], inserts: Insert[]): void {
    if (!this.hasAll(removals, inserts)) this.pieces.complete();
    const whole = this.hasAll(removals, inserts);
    for (const { chars, lines, attribs } of removals)
      this.pieces.put("-", chars, lines, numbersOf(attribs));
    if (!whole && inserts.length > 0) {
      this.insertInParts(inserts);
      return;
    }
    for (const { text, numbers } of inserts) {
      this.pieces.putText("+", text, numbers);
      this.pieces.movedOver(text);
    }
  }

  private hasAll(removals: Op[], inserts: Insert[]): boolean {
    const taken = removals.map(({ attribs }) => numbersOf(attribs));
    const numbers = [...taken.flat(), ...inserts.flatMap((insert) => insert.numbers)];
    let cost = this.pieces.cost(numbers);
    for (const each of taken) cost += OP + NUMBER * each.length;
    for (const insert of inserts)
      cost += 2 * (OP + NUMBER * insert.numbers.length) + textSize(insert.text);
    return this.pieces.hasRoom(cost, numbers, removals.length + 2 * inserts.length);
  }

  private insertInParts(inserts: Insert[]): void {
    const last = inserts[inserts.length - 1] as Insert;
    const newline =
      last.text.endsWith("\n") && this.pieces.cost(last.numbers) + 2 <= this.pieces.left / 4;
    const parts = [...inserts];
    if (newline) {
      parts[parts.length - 1] = { ...last, text: last.text.slice(0, -1) };
      this.pieces.lastLine = last.numbers;
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
    if (this.pieces.lastLine === null) {
      this.pieces.passOver(1, 1); // the newline has been inserted already
    } else {
      this.pieces.lastLine = null;
      this.pieces.putText("+", "\n", last.numbers);
    }
    this.pieces.moved(1, 1);
  }

  /**
   * Inserts a part from the beginning of `text`, and returns it. The `first` part is in the same
   * piece as the removal that it replaces.
   */
  private insertPart(text: string, numbers: number[], first: boolean): string {
    const hasRoom = (): boolean =>
      this.pieces.hasRoom(
        this.pieces.cost(numbers, 2) + this.pieces.reserved + CHARACTER,
        numbers,
        3,
      );
    if (!first && !hasRoom()) this.pieces.complete();
    let now = numbers;
    let later: number[] = [];
    if (!hasRoom()) {
      // Servers refuse an insert without an author, so the author is among the first attributes.
      const isAuthor = (number: number): boolean => this.pool.get(number)[0] === "author";
      const ordered = [
        ...numbers.filter(isAuthor),
        ...numbers.filter((number) => !isAuthor(number)),
      ];
      const count = this.pieces.firstOf(
        ordered,
        this.pieces.left - this.pieces.reserved - CHARACTER,
        2,
      );
      now = ordered.slice(0, count);
      later = ordered.slice(count);
    }
    const part = beginning(
      text,
      this.pieces.left - this.pieces.reserved - this.pieces.cost(now, 2),
    );
    this.pieces.putText("+", part, now);
    while (later.length > 0) {
      this.pieces.complete();
      const count = this.pieces.firstOf(later, this.pieces.left, 2);
      this.pieces.putText("=", part, later.slice(0, count));
      later = later.slice(count);
    }
    this.pieces.movedOver(part);
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
