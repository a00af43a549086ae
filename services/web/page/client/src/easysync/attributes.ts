import { EasysyncError, shown } from "./errors.js";
import { numeral, parseNumeral } from "./ops.js";
import type { Attribute, AttributePool } from "./pool.js";

const ATTRIBS = /^(?:\*[0-9a-z]+)*$/;

/**
 * Returns the attributes of a string such as `*0*1a`, in its order. If a key occurs twice, the last
 * value counts.
 */
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

/**
 * Returns the attribute string in canonical order, which is by key. New attributes are added to the
 * pool.
 */
export function attribsString(attributes: Iterable<Attribute>, pool: AttributePool): string {
  const sorted = [...attributes].sort(byCodeUnits);
  return sorted.map(([key, value]) => `*${numeral(pool.put(key, value))}`).join("");
}

/**
 * Returns the attribute string for an op. An attribute without a value has no meaning on new text,
 * so inserts leave it out.
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
      pool.put(key, value); // in the given order, since the numbers are part of the result
      chosen.set(key, value);
    }
  }
  return attribsString(chosen, pool);
}

/**
 * Combines setting `first` and then `second`. With `ofText`, `first` is what the text has, so an
 * attribute set to "" is dropped. Otherwise both are changes, and the result contains the removal.
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
 * Returns what is left of `second` after somebody else has set `first` on the same text. If both
 * set the same key, the smaller value wins, whichever came first.
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
