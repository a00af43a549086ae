/**
 * Which characters a pad's text has: lines that end with "\n", of any characters but controls. Tabs
 * may stay where an editor has made them; what comes as a whole text gets spaces instead.
 */

/** What no pad's text has: controls, but for the newline and the tab. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Halves of surrogate pairs. */
const HALVES = /\p{Surrogate}/gu;

const TAB = " ".repeat(8);

/** A text with no other line ends than "\n", and without controls; tabs stay. */
export function withoutControls(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROLS, "");
}

/** A text as a pad may have it. Halves of surrogate pairs become the replacement character. */
export function plain(text: string): string {
  return withoutControls(text).replaceAll("\t", TAB).replace(HALVES, "\ufffd");
}
