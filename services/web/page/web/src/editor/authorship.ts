/** Who has written which part of a text. */
import type { EditorState } from "@codemirror/state";
import { easysync } from "padfleet-client";

import { lookOf, type Source, source } from "./source.js";

/** The author of the text at `position`; "" if nobody is on record. */
export function authorAt({ body, pool }: Source, position: number): string {
  return lookOf(body.attribsAt(position), pool).author;
}

/** The author of the text that the cursor is at: before it, or after it where a line begins. */
export function authorAtCursor(state: EditorState): string {
  const from = state.facet(source);
  const { from: start, head, empty } = state.selection.main;
  if (!empty) return authorAt(from, start);
  const begins = head === 0 || from.body.text.charAt(head - 1) === "\n";
  return authorAt(from, begins ? head : head - 1);
}

/** Authors of the text, by how much of it is theirs, most first. */
export function authorsOf({ body, pool }: Source): string[] {
  const shares = new Map<string, number>();
  for (const { from, to, attribs } of body.spansBetween(0, body.text.length)) {
    const { author } = lookOf(attribs, pool);
    if (author !== "") shares.set(author, (shares.get(author) ?? 0) + to - from);
  }
  return [...shares].sort(([, a], [, b]) => b - a).map(([author]) => author);
}

/**
 * The changeset that takes the authors away from `[from, to)`. The text that a pad began with keeps
 * that nobody wrote it: it shows no colour, and could not be given back by undo.
 */
export function withoutAuthors({ body, pool }: Source, from: number, to: number): string {
  const builder = new easysync.Builder(body.text.length);
  const nobody = easysync.encodeAttribs([["author", ""]], pool, false);
  builder.keepText(body.text.slice(0, from));
  for (const span of body.spansBetween(from, to)) {
    const { author } = lookOf(span.attribs, pool);
    builder.keepText(body.text.slice(span.from, span.to), author === "" ? "" : nobody);
  }
  return builder.toChangeset();
}
