import { EasysyncError, shown } from "./errors.js";

/**
 * Whether an op keeps, inserts or removes. "" marks an op that is used up, or the absence of one.
 */
export type Opcode = "=" | "+" | "-" | "";

/**
 * An op keeps, inserts or removes `chars` code units, which contain `lines` newlines. If there are
 * any, the last code unit is one. `attribs` is an attribute string such as `*0*1a`.
 */
export interface Op {
  opcode: Opcode;
  chars: number;
  lines: number;
  attribs: string;
}

const OP = /((?:\*[0-9a-z]+)*)(?:\|([0-9a-z]+))?([-+=])([0-9a-z]+)/y;

/** Returns the value of a base-36 numeral. Throws `EasysyncError` if it is not one. */
export function parseNumeral(numeral: string): number {
  const value = parseInt(numeral, 36);
  // Larger numbers are not exact, so lengths would be wrong.
  if (!Number.isSafeInteger(value)) {
    throw new EasysyncError(`not a base-36 number below 2**53: ${shown(numeral)}`);
  }
  return value;
}

/**
 * Returns a number in base 36. Throws `EasysyncError` if it is negative, which means that counts
 * contradict each other.
 */
export function numeral(value: number): string {
  if (value < 0) {
    throw new EasysyncError(
      `the lengths or line counts do not fit together: ${value} is left over`,
    );
  }
  return value.toString(36);
}

/** Returns the ops in the middle part of a changeset or in an attribute string, as new objects. */
export function parseOps(ops: string): Op[] {
  const parsed: Op[] = [];
  let at = 0;
  while (at < ops.length) {
    OP.lastIndex = at;
    const match = OP.exec(ops);
    if (match === null) throw new EasysyncError(`not an op: ${shown(ops.slice(at))}`);
    // The groups are accessed by number. The thousands of ops of a long pad are read before the
    // code has been compiled, and destructuring the match takes twice as long then.
    const lines = match[2];
    parsed.push({
      opcode: match[3] as Opcode,
      chars: parseNumeral(match[4] as string),
      lines: lines === undefined ? 0 : parseNumeral(lines),
      attribs: match[1] as string,
    });
    at = OP.lastIndex;
  }
  return parsed;
}

const NONE: Op = { opcode: "", chars: 0, lines: 0, attribs: "" };

/**
 * Walks along two sequences of ops until both are used up. `step` is called with the current op of
 * each, consumes one or both, and sets the opcode of an op that is used up to "".
 */
export function sideBySide(first: Op[], second: Op[], step: (a: Op, b: Op) => void): void {
  let i = 0;
  let j = 0;
  for (;;) {
    while (first[i]?.opcode === "") i += 1;
    while (second[j]?.opcode === "") j += 1;
    const a = first[i];
    const b = second[j];
    if (a === undefined && b === undefined) return;
    step(a ?? { ...NONE }, b ?? { ...NONE });
  }
}

/** Takes the length of the shorter op off both, and returns the chars and lines taken. */
export function consume(a: Op, b: Op): { chars: number; lines: number } {
  const [short, other] = a.chars <= b.chars ? [a, b] : [b, a];
  const { chars, lines } = short;
  short.opcode = "";
  other.chars -= chars;
  other.lines -= lines;
  if (other.chars === 0) other.opcode = "";
  return { chars, lines };
}

/** Returns the number of newlines in `[start, end)` of a text. */
export function countLines(text: string, start = 0, end = text.length): number {
  let count = 0;
  let at = text.indexOf("\n", start);
  while (at >= 0 && at < end) {
    count += 1;
    at = text.indexOf("\n", at + 1);
  }
  return count;
}
