/**
 * Finds the addresses in a text that become links. It is pure, and its running time is linear in
 * the length of the text.
 */

/** A link in a text: its range in UTF-16 code units, and its target. */
export interface Link {
  readonly from: number;
  readonly to: number;
  /** The address, with one of `SCHEMES`, in the form that browsers give it. */
  readonly href: string;
}

/** The schemes that a link may have. They open pages or files, or begin a letter or a call. */
const SCHEMES: ReadonlySet<string> = new Set([
  "http:",
  "https:",
  "ftp:",
  "ftps:",
  "mailto:",
  "tel:",
]);

/** The longest address that becomes a link, in code units. */
export const LONGEST = 2048;

/** The beginning of an address, which must not follow a letter or digit. */
const BEGINNING = /(?<![\p{L}\p{N}_])(?:(?:https?|ftps?):\/\/|mailto:|tel:|www\.)/giu;

/**
 * What ends an address: white space, control characters, lone surrogates, invisible characters and
 * those that change the direction of the text, quotation marks, brackets, and the punctuation of
 * Chinese and Japanese.
 */
const END =
  /[\s\p{Cc}\p{Cs}\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff<>"`{}|\\^“”„‟«»‹›‘‚\u3000-\u3004\u3008-\u3020\u3030\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\uff3b\uff3d]/u;

/** Characters that belong to the sentence when they follow an address. */
const OF_THE_SENTENCE = new Set(":.,;?!'*_~…’");

const OPENED_BY: Readonly<Record<string, string>> = { ")": "(", "]": "[" };

/** Yields the links of a text in order. They do not overlap. */
export function* linksIn(text: string): Generator<Link> {
  const beginning = new RegExp(BEGINNING);
  for (let found = beginning.exec(text); found !== null; found = beginning.exec(text)) {
    const from = found.index;
    const near = text.slice(from, from + LONGEST + 1);
    const end = near.search(END);
    const whole = end < 0 ? near : near.slice(0, end);
    // No other address begins within this one.
    beginning.lastIndex = from + Math.max(whole.length, found[0].length);
    if (whole.length > LONGEST) continue;
    const address = withoutEnd(whole);
    if (address.length <= found[0].length) continue;
    const href = safeAddress(/^www\./i.test(address) ? `http://${address}` : address);
    if (href !== null) yield { from, to: from + address.length, href };
  }
}

/** Returns `address` in the form that browsers give it, or null if a link must not lead there. */
export function safeAddress(address: string): string | null {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  return SCHEMES.has(url.protocol) ? url.href : null;
}

/**
 * Returns a name for the place that a link leads to: the part of the address that cannot be made to
 * look like another.
 */
export function placeOf(href: string): string {
  const { host, pathname, protocol } = new URL(href);
  if (host !== "") return host;
  try {
    return decodeURIComponent(pathname).slice(0, 80);
  } catch {
    return `${protocol}${pathname}`.slice(0, 80);
  }
}

/** Removes the punctuation of the sentence, and brackets that were opened before the address. */
function withoutEnd(address: string): string {
  const depth: Record<string, number> = { "(": 0, "[": 0 };
  for (const char of address) {
    const opened = OPENED_BY[char];
    if (opened !== undefined) depth[opened] = (depth[opened] ?? 0) - 1;
    else if (char in depth) depth[char] = (depth[char] ?? 0) + 1;
  }
  let end = address.length;
  for (; end > 0; end -= 1) {
    const char = address.charAt(end - 1);
    if (OF_THE_SENTENCE.has(char)) continue;
    const opened = OPENED_BY[char];
    if (opened === undefined || (depth[opened] ?? 0) >= 0) break;
    depth[opened] = (depth[opened] ?? 0) + 1;
  }
  return address.slice(0, end);
}
