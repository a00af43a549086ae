/** How large a submission is as it is sent, and what a server takes at once. It is pure. */
import { type AttributePool, unpack } from "./easysync/index.js";
import { parseNumeral, parseOps } from "./easysync/ops.js";
import { TooLarge } from "./errors.js";

/** The most bytes that a submission takes in addition to its ops, text and attributes. */
export const FIXED = 384;

/** The most bytes that an op takes, without the numbers of its attributes. */
export const OP = 24;

/** The bytes of an attribute's number in an op. */
export const NUMBER = 4;

/** The bytes of an entry of the pool in addition to its key and value. */
const ENTRY = 8;

/** The most bytes that a character takes: two halves of a pair, each as an escape. */
export const CHARACTER = 12;

/** The limits of a single submission. */
export interface SplitLimits {
  /** The bytes of the packet as it is sent: in UTF-8, after JSON's escapes. */
  bytes: number;
  ops: number;
  /** The attributes in the submission's pool. */
  attributes: number;
}

/** Returns the limits of a server that takes `bytes` at once. */
export function splitLimits(bytes: number): SplitLimits {
  return { bytes, ops: 10_000, attributes: 1_000 };
}

const UTF8 = new TextEncoder();

/** Returns the number of bytes of a value as JSON. */
export function jsonSize(value: unknown): number {
  return UTF8.encode(JSON.stringify(value)).length;
}

/** Returns the number of bytes of a text as JSON, without the quotation marks. */
export function textSize(text: string): number {
  return jsonSize(text) - 2;
}

/** Returns the number of bytes of an attribute in the pool of a submission. */
export function entrySize(number: number, pool: AttributePool): number {
  return jsonSize(pool.get(number)) + ENTRY;
}

/** Whether a changeset with its pool on the wire is within `limits`. */
export function fits(changeset: string, wire: AttributePool, limits: SplitLimits): boolean {
  const { numToAttrib } = wire.toJSON();
  const attributes = Object.values(numToAttrib);
  const dollar = changeset.indexOf("$");
  if (attributes.length > limits.attributes) return false;
  if ((changeset.slice(0, dollar).match(/[-+=]/g)?.length ?? 0) > limits.ops) return false;
  const entries = attributes.reduce((sum, pair) => sum + jsonSize(pair) + ENTRY, 0);
  return FIXED + entries + textSize(changeset) <= limits.bytes;
}

/** Throws `TooLarge` if the changeset has an attribute that no submission has room for. */
export function checkAttributes(changeset: string, pool: AttributePool, limits: SplitLimits): void {
  for (const { attribs } of parseOps(unpack(changeset).ops)) {
    for (const number of numbersOf(attribs)) {
      const [key, value] = pool.get(number);
      // it fits, whichever characters it contains
      if (key.length + value.length <= limits.bytes / 8) continue;
      const size = FIXED + entrySize(number, pool) + 2 * (OP + NUMBER) + CHARACTER;
      if (size > limits.bytes) throw tooLarge(key, limits);
    }
  }
}

/** Returns the numbers of the attributes in an op. */
export function numbersOf(attribs: string): number[] {
  return attribs.split("*").slice(1).map(parseNumeral);
}

/** Returns the error for an attribute that no submission has room for. */
export function tooLarge(key: string, limits: SplitLimits): TooLarge {
  return new TooLarge(
    `the attribute ${JSON.stringify(key.slice(0, 40))} takes more than the ${limits.bytes} bytes ` +
      "that the server takes at once",
  );
}
