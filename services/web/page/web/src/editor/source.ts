/**
 * Where the editor finds the attributes of its text, which are not in its document but in the
 * client library.
 */
import { Facet } from "@codemirror/state";
import { easysync } from "padfleet-client";

/**
 * An attributed text whose positions are those of the editor. Its text is the editor's and one more
 * newline: every pad ends with one, which an editor would show as an empty line.
 */
export interface Source {
  readonly body: easysync.Body;
  readonly pool: easysync.AttributePool;
}

const EMPTY: Source = {
  body: easysync.Body.fromAText({ text: "\n", attribs: "|1+1" }),
  pool: new easysync.AttributePool(),
};

export const source = Facet.define<Source, Source>({ combine: (given) => given[0] ?? EMPTY });

/** The formats that text can have, by their names in pads. */
export const FORMATS = ["bold", "italic", "underline", "strikethrough"] as const;
export type Format = (typeof FORMATS)[number];

/**
 * The author of the text that a new pad begins with. It stands for nobody, and nobody may write
 * under this name.
 */
export const SYSTEM = "a.etherpad-system";

/**
 * Attributes of markers that say nothing about the line. A marker with any other attribute is kept.
 */
const OF_EVERY_MARKER: ReadonlySet<string> = new Set(["author", "lmkr", "insertorder", "start"]);

/**
 * What the marker at the start of a line says about the line. A field is "" if the marker does not
 * have it.
 */
export interface Mark {
  /** The list with its level, such as `bullet1`. */
  readonly list: string;
  /** The item's number in its list. */
  readonly start: string;
  /** The heading: `h1` to `h6`, or another value that a plugin knows. */
  readonly heading: string;
  /** Whether the marker also says something that only plugins know. */
  readonly more: boolean;
}

/** How a stretch of text looks. */
export interface Look {
  /** The author; "" if there is none. */
  readonly author: string;
  readonly formats: Format[];
  /** The marker's meaning; null if the text is not a marker. */
  readonly mark: Mark | null;
}

const looks = new WeakMap<easysync.AttributePool, Map<string, Look>>();

/**
 * Returns what an attribute string means. The numbers in a pool never change, so each string is
 * read only once.
 */
export function lookOf(attribs: string, pool: easysync.AttributePool): Look {
  let known = looks.get(pool);
  if (known === undefined) looks.set(pool, (known = new Map()));
  let look = known.get(attribs);
  if (look === undefined) {
    const found = easysync.attribsOf(attribs, pool);
    const author = found.get("author") ?? "";
    look = {
      author: author === SYSTEM ? "" : author,
      formats: FORMATS.filter((format) => found.get(format) === "true"),
      mark: markOf(found),
    };
    known.set(attribs, look);
  }
  return look;
}

/** Returns what the attributes of a line's first character say about the line; null if nothing. */
export function markOf(attributes: ReadonlyMap<string, string>): Mark | null {
  const has = (key: string): string => attributes.get(key) ?? "";
  if (has("lmkr") === "" && has("list") === "") return null;
  const more = [...attributes].some(
    ([key, value]) =>
      value !== "" &&
      key !== "list" &&
      key !== "heading" &&
      !OF_EVERY_MARKER.has(key) &&
      !(FORMATS as readonly string[]).includes(key),
  );
  return { list: has("list"), start: has("start"), heading: has("heading"), more };
}

/** Returns the marker of the line that begins at `from`, or null if it has none. */
export function markAt({ body, pool }: Source, from: number): Mark | null {
  // The last character is not shown, whatever it is: for a moment, others may have left no newline.
  if (body.text.charAt(from) !== "*" || from >= body.text.length - 1) return null;
  return lookOf(body.attribsAt(from), pool).mark;
}

/** Returns the kind and level of a list such as `bullet1`; null if the line is not in a list. */
export function listOf(mark: Mark | null): { kind: string; level: number } | null {
  const found = /^([a-z]+)([0-9]{1,3})$/.exec(mark?.list ?? "");
  const level = Number(found?.[2] ?? 0);
  return found === null || level < 1 ? null : { kind: found[1] as string, level };
}
