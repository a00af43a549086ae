/**
 * Keeps the text in order while people write: it contains no control characters, line markers only
 * stand at the start of a line, and list items are numbered as in Etherpad. The corrections become
 * part of the edit.
 */
import {
  EditorState,
  type Extension,
  type StateEffect,
  type Text,
  type Transaction,
} from "@codemirror/state";
import { easysync } from "padfleet-client";

import { fromOthers, type Marked, marked, travelled } from "./changes.js";
import { isCounted, marksBetween, numbersOf } from "./numbers.js";
import { type Mark, markAt, markOf, source } from "./source.js";

// The characters that `withoutControls` changes.
const CONTROLS = /\r\n|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

function isOwn(tr: Transaction): boolean {
  return !tr.annotation(fromOthers) && tr.annotation(travelled) === undefined;
}

/** Removes control characters from inserted text, since no pad contains any. */
const noControls = EditorState.transactionFilter.of((tr) => {
  if (!tr.docChanged || !isOwn(tr)) return tr;
  const changes: { from: number; to: number; insert: string }[] = [];
  tr.changes.iterChanges((_fromA, _toA, fromB, _toB, inserted) => {
    const text = inserted.sliceString(0, inserted.length, "\n");
    for (const { 0: found, index } of text.matchAll(CONTROLS)) {
      const insert = easysync.withoutControls(found);
      changes.push({ from: fromB + index, to: fromB + index + found.length, insert });
    }
  }, true);
  return changes.length === 0 ? tr : [tr, { changes, sequential: true }];
});

/**
 * Removes markers that are no longer at the start of a line, because something was inserted before
 * them or a line was joined to another.
 */
const noneWithin = EditorState.transactionFilter.of((tr) => {
  if (!tr.docChanged || !isOwn(tr)) return tr;
  const from = tr.startState.facet(source);
  const { text } = from.body;
  const misplaced: { from: number; to: number }[] = [];
  tr.changes.iterChangedRanges((_fromA, toA, _fromB, toB) => {
    if (toB === 0 || tr.newDoc.sliceString(toB - 1, toB) === "\n") return;
    if (toA > 0 && text.charAt(toA - 1) !== "\n") return;
    if (markAt(from, toA) !== null) misplaced.push({ from: toB, to: toB + 1 });
  });
  return misplaced.length === 0 ? tr : [tr, { changes: misplaced, sequential: true }];
});

/** Whether `tr` may begin, end or join lines, or change their lists. */
function touchesLines(tr: Transaction, effects: readonly Marked[]): boolean {
  if (effects.some(({ attributes }) => attributes.some(([key]) => key === "list"))) return true;
  let touched = false;
  const before = tr.startState.doc;
  tr.changes.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    touched ||= inserted.lines > 1 || /[\n*]/.test(before.sliceString(fromA, toA, "\n"));
  });
  return touched;
}

/** The markers after `tr`, by line number. */
class Lines {
  private readonly kept: { from: number; to: number; before: number }[] = [];
  private readonly had: Map<number, Mark>;
  private readonly known = new Map<number, Mark | null>();
  readonly doc: Text;

  constructor(
    private readonly tr: Transaction,
    private readonly effects: readonly Marked[],
  ) {
    this.doc = tr.newDoc;
    const from = tr.startState.facet(source);
    this.had = marksBetween(from, 0, from.body.text.length);
    tr.changes.iterGaps((posA, posB, length) => {
      this.kept.push({ from: posB, to: posB + length, before: posA });
    });
  }

  at(number: number): Mark | null {
    if (number < 1 || number > this.doc.lines) return null;
    let mark = this.known.get(number);
    if (mark === undefined) this.known.set(number, (mark = this.read(this.doc.line(number).from)));
    return mark;
  }

  private read(start: number): Mark | null {
    if (this.doc.sliceString(start, start + 1) !== "*") return null;
    const over = this.effects.filter(({ from, to }) => from <= start && to > start);
    const before = this.before(start);
    const had = before === null ? null : (this.had.get(before) ?? null);
    if (over.length === 0) return had;
    const { body, pool } = this.tr.startState.facet(source);
    const attributes =
      before === null ? new Map() : easysync.attribsOf(body.attribsAt(before), pool);
    for (const { attributes: more } of over) {
      for (const [key, value] of more) attributes.set(key, value);
    }
    return markOf(attributes);
  }

  /**
   * Returns the position that the character at `start` had in the document before, or null if it is
   * new.
   */
  private before(start: number): number | null {
    let low = 0;
    let high = this.kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.kept[middle] as { to: number }).to <= start) low = middle + 1;
      else high = middle;
    }
    const piece = this.kept[low];
    return piece === undefined || piece.from > start ? null : piece.before + start - piece.from;
  }
}

/** Returns the lines that `tr` touches and their neighbours, as ranges in order. */
function touchedLines(tr: Transaction, effects: readonly Marked[], doc: Text): [number, number][] {
  const found: [number, number][] = [];
  const add = (from: number, to: number): void => {
    found.push([doc.lineAt(from).number - 1, doc.lineAt(to).number + 1]);
  };
  tr.changes.iterChangedRanges((_fromA, _toA, fromB, toB) => add(fromB, toB));
  for (const { from, to } of effects) add(from, to);
  return found.sort(([a], [b]) => a - b);
}

function numbered(tr: Transaction, effects: readonly Marked[]): StateEffect<Marked>[] {
  const lines = new Lines(tr, effects);
  const renewed: StateEffect<Marked>[] = [];
  let done = 0;
  for (const [first, last] of touchedLines(tr, effects, lines.doc)) {
    for (let number = Math.max(first, done + 1); number <= last; number += 1) {
      if (!isCounted(lines.at(number))) continue;
      let start = number;
      while (isCounted(lines.at(start - 1))) start -= 1;
      let end = number;
      while (isCounted(lines.at(end + 1))) end += 1;
      const marks = Array.from({ length: end - start + 1 }, (_, index) => lines.at(start + index));
      for (const [index, count] of numbersOf(marks).entries()) {
        if (marks[index]?.start === String(count)) continue;
        const { from } = lines.doc.line(start + index);
        const attributes = [["start", String(count)]] as const;
        renewed.push(marked.of({ from, to: from + 1, attributes }));
      }
      done = number = end;
    }
  }
  return renewed;
}

const numbers = EditorState.transactionExtender.of((tr) => {
  if (!isOwn(tr)) return null;
  const effects = tr.effects
    .filter((effect) => effect.is(marked))
    .map(({ value }) => value as Marked);
  if ((!tr.docChanged && effects.length === 0) || !touchesLines(tr, effects)) return null;
  const renewed = numbered(tr, effects);
  return renewed.length === 0 ? null : { effects: renewed };
});

/** The extensions that every editor needs in which lists can be written. */
export const orderlyMarkers: Extension = [noneWithin, noControls, numbers];
