/** Editor transactions as changesets, and revisions as changes of the editor's document. */
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
 * Attributes for a stretch of the document after the transaction's changes: all that new text in it
 * is to have, and what is to be set on text that was there.
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

/** On transactions that bring what others did. */
export const fromOthers = Annotation.define<boolean>();

/** On transactions that undo or redo: which of them, and the changeset that they are. */
export const travelled = Annotation.define<{ side: Side; changeset: string }>();

/** On own transactions that are exactly this changeset, with attributes that no `marked` says. */
export const exactly = Annotation.define<string>();

/** What is typed next, where that differs from the text before it. */
export const setTyping = StateEffect.define<ReadonlySet<Format>>();

export const typing = StateField.define<ReadonlySet<Format> | null>({
  create: () => null,
  update(chosen, tr) {
    for (const effect of tr.effects) if (effect.is(setTyping)) return effect.value;
    if (tr.annotation(fromOthers)) return chosen;
    return tr.selection !== undefined && !tr.isUserEvent("input") ? null : chosen;
  },
});

/** The formats of text that is typed at `position`: those of the character before it. */
export function formatsFor(state: EditorState, position: number): ReadonlySet<Format> {
  const chosen = state.field(typing, false);
  if (chosen) return chosen;
  const { body, pool } = state.facet(source);
  if (position === 0 || body.text.charAt(position - 1) === "\n") return new Set();
  return new Set(lookOf(body.attribsAt(position - 1), pool).formats);
}

/** Whether the transaction is something that the user did to the text. */
export function isOwnEdit(tr: Transaction): boolean {
  if (tr.annotation(fromOthers)) return false;
  // It may be about formats only.
  if (tr.annotation(travelled) ?? tr.annotation(exactly)) return true;
  return tr.docChanged || tr.effects.some((effect) => effect.is(marked));
}

/** The transaction as a changeset on the text of `pad`, which must be the one it started from. */
export function toChangeset(tr: Transaction, pad: Collaborator): string {
  const { text, pool } = pad;
  const marks = tr.effects.filter((effect) => effect.is(marked)).map((effect) => effect.value);
  const builder = new easysync.Builder(text.length);
  let at = 0; // in the text before
  let moved = 0; // by how much what is at `at` stands further on in the text after
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
  // Others may have left nothing, and the server is about to put back the newline that pads end with.
  if (text === "") builder.insert("\n", pad.ownAttribs());
  return builder.toChangeset();
}

/** The formats at positions that are asked for in order: one pass, however many they are. */
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

/** `[from, to)` cut where marks begin and end, with what the marks on each piece say. */
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
 * What changesets do, one after the other, to `before`, a document that shows `was`: that is the
 * text without its last newline. `text` is the text after all of them. Null if they do not lead
 * there.
 */
export function toChanges(
  splices: Iterable<readonly easysync.TextChange[]>,
  before: Text,
  was: string,
  text: string,
): ChangeSet | null {
  const whole = (): ChangeSet =>
    difference(before.sliceString(0, before.length, "\n"), text.slice(0, -1));
  if (was === "") return whole(); // without a newline, which is yet to come
  let all = ChangeSet.empty(before.length);
  for (const changes of splices) {
    const end = all.newLength;
    // What is done to the last newline has no place in a document without it.
    if (changes.some(({ to }) => to > end)) return whole();
    all = all.compose(ChangeSet.of([...changes], end, "\n"));
  }
  return all.newLength === shownLength(text) ? all : null;
}

/** How long a document is that shows `text`, which is empty until its newline has come. */
export function shownLength(text: string): number {
  return Math.max(text.length - 1, 0);
}

/** Whether `doc` is `text` without its last newline. Makes no copy of either. */
export function isTextOf(doc: Text, text: string): boolean {
  if (doc.length !== shownLength(text)) return false;
  let at = 0;
  for (let pieces = doc.iter(); !pieces.next().done; at += pieces.value.length) {
    const piece = pieces.lineBreak ? "\n" : pieces.value;
    if (!text.startsWith(piece, at)) return false;
  }
  return true;
}

/** The one change that makes `after` of `before`. */
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

/** The formats that all of the selection has, or that would be typed. */
export function activeFormats(state: EditorState): ReadonlySet<Format> {
  const { from, to, empty } = state.selection.main;
  if (empty) return formatsFor(state, from);
  const { body, pool } = state.facet(source);
  const active = new Set<Format>(FORMATS);
  for (const span of body.spansBetween(from, to)) {
    const { formats, mark } = lookOf(span.attribs, pool);
    if (mark !== null) continue; // nobody sees it
    for (const format of FORMATS) if (!formats.includes(format)) active.delete(format);
  }
  return active;
}
