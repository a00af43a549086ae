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

/** How a stretch of text looks. */
export interface Look {
  author: string;
  formats: Format[];
  /** Such as `bullet1`; only the marker at the start of a line has one. */
  list: string | null;
}

const looks = new WeakMap<easysync.AttributePool, Map<string, Look>>();

/** What an attribute string means. Numbers in a pool never change, so each is read once. */
export function lookOf(attribs: string, pool: easysync.AttributePool): Look {
  let known = looks.get(pool);
  if (known === undefined) looks.set(pool, (known = new Map()));
  let look = known.get(attribs);
  if (look === undefined) {
    const found = easysync.attribsOf(attribs, pool);
    look = {
      author: found.get("author") ?? "",
      formats: FORMATS.filter((format) => found.get(format) === "true"),
      list: found.get("lmkr") === "1" ? (found.get("list") ?? "") : null,
    };
    known.set(attribs, look);
  }
  return look;
}

/** The list that the line beginning at `from` is in: null if none, else such as `bullet1`. */
export function listAt({ body, pool }: Source, from: number): string | null {
  if (body.text.charAt(from) !== "*") return null;
  const list = lookOf(body.attribsAt(from), pool).list;
  return list === "" ? null : list;
}

/** Whether the line beginning at `from` begins with a marker, which is not shown. */
export function hasMarker({ body, pool }: Source, from: number): boolean {
  return body.text.charAt(from) === "*" && lookOf(body.attribsAt(from), pool).list !== null;
}
