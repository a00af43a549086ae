/** Where the editor finds the attributes of its text: beside the document, in the client library. */
import { Facet } from "@codemirror/state";
import { easysync } from "padfleet-client";

/**
 * An attributed text whose positions are those of the editor. Its text is the editor's and one more
 * newline: each pad ends with one, which an editor would show as an empty line.
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

/** The formats that text can have, as pads name them. */
export const FORMATS = ["bold", "italic", "underline", "strikethrough"] as const;
export type Format = (typeof FORMATS)[number];

/** Who stands for nobody: of the text that a new pad begins with. Nobody may write in this name. */
export const SYSTEM = "a.etherpad-system";

/** Attributes that say nothing about a line by themselves: its marker stays for any other. */
const OF_EVERY_MARKER: ReadonlySet<string> = new Set(["author", "lmkr", "insertorder", "start"]);

/** What is said about a line by the marker at its start; "" where nothing is. */
export interface Mark {
  /** Such as `bullet1`. */
  readonly list: string;
  /** The number that it has among the items of its list. */
  readonly start: string;
  /** `h1` to `h6`, or whatever else a plugin knows. */
  readonly heading: string;
  /** Whether it says something else, too, which only plugins know. */
  readonly more: boolean;
}

/** How a stretch of text looks. */
export interface Look {
  /** "" for nobody. */
  readonly author: string;
  readonly formats: Format[];
  /** Null of what is no marker. */
  readonly mark: Mark | null;
}

const looks = new WeakMap<easysync.AttributePool, Map<string, Look>>();

/** What an attribute string means. Numbers in a pool never change, so each is read once. */
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

/** What attributes of the first character of a line say about the line; null if nothing. */
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

/** The marker, which is not shown, that the line beginning at `from` begins with. */
export function markAt({ body, pool }: Source, from: number): Mark | null {
  // The last character is not shown, whatever it is: others may have left no newline for a moment.
  if (body.text.charAt(from) !== "*" || from >= body.text.length - 1) return null;
  return lookOf(body.attribsAt(from), pool).mark;
}

/** The kind and the level of a list such as `bullet1`; null of what is none. */
export function listOf(mark: Mark | null): { kind: string; level: number } | null {
  const found = /^([a-z]+)([0-9]{1,3})$/.exec(mark?.list ?? "");
  const level = Number(found?.[2] ?? 0);
  return found === null || level < 1 ? null : { kind: found[1] as string, level };
}
