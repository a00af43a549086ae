/** HTML of others, made such that a browser can read it without a complaint. */

/** A comment, or the beginning of an element. */
const BEGINNING = /<(?:!--|[a-z][^\s/>]*)/gi;

/** What is before an attribute, its name, and its value with what is before that. */
const ATTRIBUTE =
  /([\s/]*)(=?[^\s/>=]+)(\s*=\s*(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s>"'][^\s>]*)?)?/y;

const ITS_END = /\s*(\/?)\s*>?/y;

/** What the page's policy forbids. */
const FORBIDDEN = /^(?:style|on[a-z]+)$/i;

const COMMENT_END = /-->/g;

/** The ends of elements whose content is no HTML, and is of no use here. */
const RAW_ENDS: ReadonlyMap<string, RegExp> = new Map(
  "style script textarea title xmp iframe noembed noframes"
    .split(" ")
    .map((name) => [name, new RegExp(`</${name}\\b[^>]*>?`, "gi")]),
);

/**
 * `html` without comments and without what is no text, and with the attributes that the page's policy
 * forbids, styles and handlers, under names that mean nothing to a browser: it would complain of each,
 * and not heed it. In one pass, whatever it is.
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
    // What is closed at once has no end tag: it is not of HTML but of a picture.
    else if (end?.[1] !== "/") at = behind(rawEnd, html, at);
  }
}

function find(what: RegExp, text: string, from: number): RegExpExecArray | null {
  what.lastIndex = from;
  return what.exec(text);
}

/** The place behind `what`, or the end. */
function behind(what: RegExp, text: string, from: number): number {
  return find(what, text, from) === null ? text.length : what.lastIndex;
}
