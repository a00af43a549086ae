/**
 * Easysync, the changeset algebra of Etherpad, as pure functions on strings and attribute pools.
 */
export { attribsOf, attribsString, encodeAttribs } from "./attributes.js";
export { type AText, Body, type Span } from "./body.js";
export { Builder, checkRep, identity, isIdentity, makeSplice, pack, unpack } from "./changeset.js";
export type { Changeset } from "./changeset.js";
export {
  applyToAText,
  applyToText,
  inverse,
  inverseOn,
  splitAttributionLines,
  textChanges,
} from "./document.js";
export type { TextChange } from "./document.js";
export { plain, withoutControls } from "./characters.js";
export { EasysyncError } from "./errors.js";
export { AttributePool } from "./pool.js";
export type { Attribute, PoolJson } from "./pool.js";
export { compose, follow, moveToPool, prepareForWire } from "./transform.js";
