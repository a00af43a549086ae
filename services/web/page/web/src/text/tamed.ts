/** Changes other people's HTML so that browsers read it without reporting errors. */

/** The beginning of a comment, of anything else that browsers treat as one, or of a tag. */
const BEGINNING = /<(?:!--|[!?]|\/(?![a-z])(?=.)|\/?[a-z][^\t\n\f\r />]*)/gis;

/** The characters before an attribute, its name, and its value with the characters before that. */
const ATTRIBUTE =
  /[\t\n\f\r /]*(=[^\t\n\f\r />=]*|[^\t\n\f\r />=]+)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)(?:"|$)|'([^']*)(?:'|$)|([^\t\n\f\r >"'][^\t\n\f\r >]*))?)?/y;

const ITS_END = /([\t\n\f\r /]*)(>?)/y;

/** The end of a comment, which may come right after its beginning: `<!-->`. */
const COMMENT_END = /(?<=<!--)-?>|--!?>/g;

const OTHER_END = />/g;

/** The attributes that are kept, under names that browsers ignore, which some have already. */
const READ = /^(?:style|href|class|role|(?:data-)?aria-level)$/i;

/** The end tags of elements whose content is not HTML and not needed here. */
const RAW_ENDS: ReadonlyMap<string, RegExp> = new Map(
  "style script textarea title xmp iframe noembed noframes"
    .split(" ")
    .map((name) => [name, new RegExp(`(?=</${name}[\\t\\n\\f\\r />])`, "gi")]),
);

/** Takes the place of anything left out, so that the text before and after it does not join. */
const GAP = "<!---->";

/**
 * Returns `html` without comments, without elements whose content is not HTML, and without any
 * attributes but styles, addresses, classes, roles and levels, which become `data-style`,
 * `data-href`, `data-class`, `data-role` and `data-aria-level`. The page's policy forbids styles and
 * event handlers, and browsers would report each of them. Everything is written anew, so that a
 * browser finds the same tags as this function. It takes a single pass over any input.
 */
export function tamed(html: string): string {
  let out = "";
  let at = 0;
  for (;;) {
    const beginning = find(BEGINNING, html, at);
    if (beginning === null) return out + plain(html.slice(at));
    out += plain(html.slice(at, beginning.index));
    at = BEGINNING.lastIndex;
    const [begun] = beginning;
    const name = /[a-z].*/is.exec(begun)?.[0];
    if (name === undefined) {
      out += GAP;
      at = behind(begun === "<!--" ? COMMENT_END : OTHER_END, html, at);
      continue;
    }
    const { read, end, slash } = attributesAt(html, at);
    at = end ?? html.length;
    const rawEnd = RAW_ENDS.get(name.toLowerCase());
    if (rawEnd !== undefined) {
      out += GAP;
      // An element that ends with "/>" has no end tag. It belongs to a picture, not to HTML.
      if (!begun.startsWith("</") && !slash) at = behind(rawEnd, html, at);
    } else if (end !== null) out += `${begun}${read}${slash ? "/" : ""}>`;
  }
}

/**
 * Reads the attributes of a tag whose name ends at `from`, and returns those that are kept. `end`
 * is the position after the tag, or null if the tag is never closed and therefore not a tag.
 * `slash` tells whether it ends with `/>`.
 */
function attributesAt(
  html: string,
  from: number,
): { read: string; end: number | null; slash: boolean } {
  let read = "";
  let at = from;
  for (let found = find(ATTRIBUTE, html, at); found !== null; found = find(ATTRIBUTE, html, at)) {
    at = ATTRIBUTE.lastIndex;
    const [, name = "", ...values] = found;
    const value = values.find((each) => each !== undefined) ?? "";
    if (READ.test(name)) {
      const kept = name.replace(/^data-/i, "");
      read += ` data-${kept}="${value.replaceAll('"', "&quot;")}"`;
    }
  }
  const [, before = "", bracket = ""] = find(ITS_END, html, at) ?? [];
  return { read, end: bracket === "" ? null : ITS_END.lastIndex, slash: before.endsWith("/") };
}

/** Escapes text so that no tag begins in it. */
function plain(text: string): string {
  return text.replaceAll("<", "&lt;");
}

function find(what: RegExp, text: string, from: number): RegExpExecArray | null {
  what.lastIndex = from;
  return what.exec(text);
}

/** Returns the position after the next match of `what`, or the end of the text. */
function behind(what: RegExp, text: string, from: number): number {
  return find(what, text, from) === null ? text.length : what.lastIndex;
}
