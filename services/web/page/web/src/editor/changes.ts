/**
 * Converts the editor's transactions to changesets, and revisions to changes of the editor's
 * document.
 */
import {
  Annotation,
  ChangeSet,
  type EditorState,
  StateEffect,
  StateField,
  type Text,
  type Transaction,
} from "@codemirror/state";
import { type Collaborator, easysync } from "padfleet-client";

import { FORMATS, type Format, lookOf, source } from "./source.js";
import type { Side } from "./undo.js";

type Attribute = easysync.Attribute;

/**
 * Attributes for a stretch of the document after the transaction's changes. New text in it gets
 * exactly these attributes, and on existing text they are set.
 */
export interface Marked {
  from: number;
  to: number;
  attributes: readonly Attribute[];
}

export const marked = StateEffect.define<Marked>({
  map: ({ from, to, attributes }, changes) => ({
    from: changes.mapPos(from, 1),
    to: changes.mapPos(to, -1),
    attributes,
  }),
});

/** Marks transactions that contain other people's changes. */
export const fromOthers = Annotation.define<boolean>();

/** Marks transactions that undo or redo, with which of the two, and the changeset to apply. */
export const travelled = Annotation.define<{ side: Side; changeset: string }>();

/**
 * Marks own transactions that are exactly this changeset, whose attributes no `marked` effect
 * describes.
 */
export const exactly = Annotation.define<string>();

/**
 * Sets the formats of the text that is typed next, when they differ from those of the text before
 * it.
 */
export const setTyping = StateEffect.define<ReadonlySet<Format>>();

export const typing = StateField.define<ReadonlySet<Format> | null>({
  create: () => null,
  update(chosen, tr) {
    for (const effect of tr.effects) if (effect.is(setTyping)) return effect.value;
    if (tr.annotation(fromOthers)) return chosen;
    return tr.selection !== undefined && !tr.isUserEvent("input") ? null : chosen;
  },
});

/**
 * Returns the formats of text typed at `position`: those that were chosen, or those of the
 * character before it in the line.
 */
export function formatsFor(state: EditorState, position: number): ReadonlySet<Format> {
  const chosen = state.field(typing, false);
  if (chosen) return chosen;
  const { body, pool } = state.facet(source);
  if (position === 0 || body.text.charAt(position - 1) === "\n") return new Set();
  return new Set(lookOf(body.attribsAt(position - 1), pool).formats);
}

/** Whether the transaction is a change that the user made to the text. */
export function isOwnEdit(tr: Transaction): boolean {
  if (tr.annotation(fromOthers)) return false;
  // Such a transaction may change only formats.
  if (tr.annotation(travelled) ?? tr.annotation(exactly)) return true;
  return tr.docChanged || tr.effects.some((effect) => effect.is(marked));
}

/**
 * Returns the transaction as a changeset on the text of `pad`, which must be the text that the
 * transaction starts from.
 */
export function toChangeset(tr: Transaction, pad: Collaborator): string {
  const { text, pool } = pad;
  const marks = tr.effects.filter((effect) => effect.is(marked)).map((effect) => effect.value);
  const builder = new easysync.Builder(text.length);
  let at = 0; // a position in the text before
  let moved = 0; // by how much the text at `at` is shifted in the text after
  const replacing = tr.isUserEvent("input.replace");
  const replaced = new FormatsAlong(pad);

  const keepUntil = (end: number): void => {
    for (const piece of pieces(at + moved, end + moved, marks)) {
      const kept = text.slice(piece.from - moved, piece.to - moved);
      const attribs =
        piece.attributes === null ? "" : easysync.encodeAttribs(piece.attributes, pool, false);
      builder.keepText(kept, attribs);
    }
    at = end;
  };

  tr.changes.iterChanges((fromA, toA, fromB, toB, inserted) => {
    keepUntil(fromA);
    builder.removeText(text.slice(fromA, toA));
    const added = inserted.sliceString(0, inserted.length, "\n");
    const like = replacing && toA > fromA ? replaced.at(fromA) : formatsFor(tr.startState, fromA);
    const inherited = [...like].map((format) => [format, "true"] as const);
    for (const piece of pieces(fromB, toB, marks)) {
      const part = added.slice(piece.from - fromB, piece.to - fromB);
      builder.insert(part, pad.ownAttribs(piece.attributes ?? inherited));
    }
    at = toA;
    moved = toB - toA;
  }, true);
  keepUntil(Math.max(at, text.length - 1));
  // Others may have removed everything. The server is then about to restore the newline at the end.
  if (text === "") builder.insert("\n", pad.ownAttribs());
  return builder.toChangeset();
}

/** Returns the formats at increasing positions, in a single pass over the attributes. */
class FormatsAlong {
  private readonly reader: ReturnType<easysync.Body["reader"]>;
  private passed = 0;

  constructor(private readonly pad: Collaborator) {
    this.reader = pad.body.reader();
  }

  at(position: number): readonly Format[] {
    this.reader.skip(position - this.passed);
    this.passed = position + 1;
    const [span] = this.reader.take(1);
    return span === undefined ? [] : lookOf(span.attribs, this.pad.pool).formats;
  }
}

/**
 * Cuts `[from, to)` where marks begin and end. Yields each piece with the attributes of its marks,
 * or null without marks.
 */
function* pieces(
  from: number,
  to: number,
  marks: readonly Marked[],
): Generator<{ from: number; to: number; attributes: Attribute[] | null }> {
  const cuts = new Set([from, to]);
  for (const mark of marks) {
    for (const cut of [mark.from, mark.to]) if (cut > from && cut < to) cuts.add(cut);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  for (const [index, start] of sorted.entries()) {
    const end = sorted[index + 1];
    if (end === undefined) return;
    const over = marks.filter((mark) => mark.from <= start && mark.to >= end);
    const attributes = over.length === 0 ? null : over.flatMap((mark) => [...mark.attributes]);
    yield { from: start, to: end, attributes };
  }
}

/**
 * Returns what successive changesets do to `before`, a document that shows the text `was` without
 * its last newline. `text` is the text after all of them. Returns null if the changesets do not
 * lead there.
 */
export function toChanges(
  splices: Iterable<readonly easysync.TextChange[]>,
  before: Text,
  was: string,
  text: string,
): ChangeSet | null {
  const whole = (): ChangeSet =>
    difference(before.sliceString(0, before.length, "\n"), text.slice(0, -1));
  if (was === "") return whole(); // the text has no newline, which is yet to come
  let all = ChangeSet.empty(before.length);
  for (const changes of splices) {
    const end = all.newLength;
    // A document without the last newline cannot represent changes to that newline.
    if (changes.some(({ to }) => to > end)) return whole();
    all = all.compose(ChangeSet.of([...changes], end, "\n"));
  }
  return all.newLength === shownLength(text) ? all : null;
}

/** Returns the length of a document that shows `text`. It is 0 while `text` has no newline yet. */
export function shownLength(text: string): number {
  return Math.max(text.length - 1, 0);
}

/** Whether `doc` is `text` without its last newline. Neither is copied. */
export function isTextOf(doc: Text, text: string): boolean {
  if (doc.length !== shownLength(text)) return false;
  let at = 0;
  for (let pieces = doc.iter(); !pieces.next().done; at += pieces.value.length) {
    const piece = pieces.lineBreak ? "\n" : pieces.value;
    if (!text.startsWith(piece, at)) return false;
  }
  return true;
}

/** Returns the single change that turns `before` into `after`. */
export function difference(before: string, after: string): ChangeSet {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  let end = 0;
  while (
    end < shorter - start &&
    before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)
  ) {
    end += 1;
  }
  const change = {
    from: start,
    to: before.length - end,
    insert: after.slice(start, after.length - end),
  };
  if (change.from === change.to && change.insert === "") return ChangeSet.empty(before.length);
  return ChangeSet.of(change, before.length, "\n");
}

/**
 * Returns the formats that all of the selection has, or that text typed at the cursor would get.
 */
export function activeFormats(state: EditorState): ReadonlySet<Format> {
  const { from, to, empty } = state.selection.main;
  if (empty) return formatsFor(state, from);
  const { body, pool } = state.facet(source);
  const active = new Set<Format>(FORMATS);
  for (const span of body.spansBetween(from, to)) {
    const { formats, mark } = lookOf(span.attribs, pool);
    if (mark !== null) continue; // markers are invisible
    for (const format of FORMATS) if (!formats.includes(format)) active.delete(format);
  }
  return active;
}
