/** Changes other people's HTML so that browsers read it without reporting errors. */

/** A comment, or the beginning of an element. */
const BEGINNING = /<(?:!--|[a-z][^\s/>]*)/gi;

/** The characters before an attribute, its name, and its value with the characters before that. */
const ATTRIBUTE =
  /([\s/]*)(=?[^\s/>=]+)(\s*=\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s>"'][^\s>]*)?)?/y;

const ITS_END = /\s*(\/?)\s*>?/y;

/** The attributes that the page's policy forbids. */
const FORBIDDEN = /^(?:style|on[a-z]+)$/i;

const COMMENT_END = /-->/g;

/** The end tags of elements whose content is not HTML and not needed here. */
const RAW_ENDS: ReadonlyMap<string, RegExp> = new Map(
  "style script textarea title xmp iframe noembed noframes"
    .split(" ")
    .map((name) => [name, new RegExp(`</${name}\\b[^>]*>?`, "gi")]),
);

/**
 * Returns `html` without comments and without elements whose content is not HTML. Attributes that
 * the page's policy forbids, which are styles and event handlers, get names that browsers ignore;
 * browsers would not apply them, but report each. It takes a single pass over any input.
 */
export function tamed(html: string): string {
  let out = "";
  let at = 0;
  for (;;) {
    const beginning = find(BEGINNING, html, at);
    if (beginning === null) return out + html.slice(at);
    out += html.slice(at, beginning.index);
    at = BEGINNING.lastIndex;
    const [begun] = beginning;
    if (begun === "<!--") {
      at = behind(COMMENT_END, html, at);
      continue;
    }
    let tag = begun;
    for (let found = find(ATTRIBUTE, html, at); found !== null; found = find(ATTRIBUTE, html, at)) {
      const [, before = "", name = "", value = ""] = found;
      tag += `${before}${FORBIDDEN.test(name) ? "data-" : ""}${name}${value}`;
      at = ATTRIBUTE.lastIndex;
    }
    const end = find(ITS_END, html, at);
    at = ITS_END.lastIndex;
    const rawEnd = RAW_ENDS.get(begun.slice(1).toLowerCase());
    if (rawEnd === undefined) out += tag + (end?.[0] ?? "");
    // An element that is closed at once has no end tag. It belongs to a picture, not to HTML.
    else if (end?.[1] !== "/") at = behind(rawEnd, html, at);
  }
}

function find(what: RegExp, text: string, from: number): RegExpExecArray | null {
  what.lastIndex = from;
  return what.exec(text);
}

/** Returns the place after the next match of `what`, or the end of the text. */
function behind(what: RegExp, text: string, from: number): number {
  return find(what, text, from) === null ? text.length : what.lastIndex;
}
