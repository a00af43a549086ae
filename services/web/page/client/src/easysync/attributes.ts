import { EasysyncError, shown } from "./errors.js";
import { numeral, parseNumeral } from "./ops.js";
import type { Attribute, AttributePool } from "./pool.js";

const ATTRIBS = /^(?:\*[0-9a-z]+)*$/;

/** The attributes of a string such as `*0*1a`, in its order; of equal keys the last value counts. */
export function attribsOf(attribs: string, pool: AttributePool): Map<string, string> {
  if (!ATTRIBS.test(attribs)) throw new EasysyncError(`not an attribute string: ${shown(attribs)}`);
  const found = new Map<string, string>();
  for (const number of attribs.split("*").slice(1)) {
    const [key, value] = pool.get(parseNumeral(number));
    found.set(key, value);
  }
  return found;
}

function byCodeUnits([a]: Attribute, [b]: Attribute): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The attribute string in canonical order, which is by key. Adds to the pool what is new. */
export function attribsString(attributes: Iterable<Attribute>, pool: AttributePool): string {
  const sorted = [...attributes].sort(byCodeUnits);
  return sorted.map(([key, value]) => `*${numeral(pool.put(key, value))}`).join("");
}

/**
 * The attribute string for an op. Attributes without a value mean nothing on new text, so an
 * insert leaves them out.
 */
export function encodeAttribs(
  attributes: Iterable<Attribute>,
  pool: AttributePool,
  inserting: boolean,
): string {
  const chosen = new Map<string, string>();
  for (const [key, value] of attributes) {
    if (value === "" && inserting) {
      chosen.delete(key);
    } else {
      pool.put(key, value); // in the order given: the numbers are part of the result
      chosen.set(key, value);
    }
  }
  return attribsString(chosen, pool);
}

/**
 * What setting `first` and then `second` comes to. With `ofText`, `first` is what the text has, so
 * an attribute set to "" is gone; otherwise both are changes, and the removal is part of the result.
 */
export function composeAttribs(
  first: string,
  second: string,
  pool: AttributePool,
  ofText: boolean,
): string {
  if (second === "" || (first === "" && !ofText)) return first || second;
  const merged = attribsOf(first, pool);
  for (const [key, value] of attribsOf(second, pool)) {
    if (value === "" && ofText) merged.delete(key);
    else merged.set(key, value);
  }
  return attribsString(merged, pool);
}

/**
 * What is left to set of `second` where somebody else has set `first` on the same text. Of two
 * values for one key the smaller one wins, whoever came first.
 */
export function followAttribs(first: string, second: string, pool: AttributePool): string {
  if (second === "" || first === "") return second;
  const left = attribsOf(second, pool);
  for (const [key, value] of attribsOf(first, pool)) {
    const mine = left.get(key);
    if (mine !== undefined && value <= mine) left.delete(key);
  }
  return [...left].map(([key, value]) => `*${numeral(pool.put(key, value))}`).join("");
}
