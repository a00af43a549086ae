/**
 * The characters of a pad's text. Lines end with "\n" and consist of any characters except control
 * characters. Tabs stay where an editor has inserted them; in a text that is set as a whole, spaces
 * replace them.
 */

/** The characters that no pad contains: control characters except the newline and the tab. */
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** The halves of surrogate pairs that stand alone. */
const HALVES = /\p{Surrogate}/gu;

const TAB = " ".repeat(8);

/** Returns a text whose line ends are all "\n", without control characters except tabs. */
export function withoutControls(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(CONTROLS, "");
}

/**
 * Returns a text as a pad may contain it. Tabs become spaces, and lone surrogates become the
 * replacement character.
 */
export function plain(text: string): string {
  return withoutControls(text).replaceAll("\t", TAB).replace(HALVES, "\ufffd");
}
