/** Finds out who has written which part of a text. */
import type { EditorState } from "@codemirror/state";
import { easysync } from "padfleet-client";

import { lookOf, type Source, source } from "./source.js";

/** Returns the author of the text at `position`; "" if there is no record of one. */
export function authorAt({ body, pool }: Source, position: number): string {
  return lookOf(body.attribsAt(position), pool).author;
}

/**
 * Returns the author at the start of the selection. Without a selection, it is the author of the
 * character before the cursor, or at the start of a line, of the character after it.
 */
export function authorAtCursor(state: EditorState): string {
  const from = state.facet(source);
  const { from: start, head, empty } = state.selection.main;
  if (!empty) return authorAt(from, start);
  const begins = head === 0 || from.body.text.charAt(head - 1) === "\n";
  return authorAt(from, begins ? head : head - 1);
}

/** Returns the authors of the text, ordered by how much of it they have written, most first. */
export function authorsOf({ body, pool }: Source): string[] {
  const shares = new Map<string, number>();
  for (const { from, to, attribs } of body.spansBetween(0, body.text.length)) {
    const { author } = lookOf(attribs, pool);
    if (author !== "") shares.set(author, (shares.get(author) ?? 0) + to - from);
  }
  return [...shares].sort(([, a], [, b]) => b - a).map(([author]) => author);
}

/**
 * Returns the changeset that removes the authors from `[from, to)`. Text without an author and the
 * text that a pad begins with stay as they are: they show no colour, and undo could not restore the
 * author of the latter.
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
