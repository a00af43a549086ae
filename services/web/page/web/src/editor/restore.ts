/**
 * Restores an earlier text with a single changeset that leaves everything unchanged that is the
 * same.
 */
import { easysync } from "padfleet-client";

import { type Source, SYSTEM } from "./source.js";

/** `[from, to)` of one text has to become `[start, end)` of the other. */
export interface Hunk {
  from: number;
  to: number;
  start: number;
  end: number;
}

/**
 * Returns the differences between two texts, line by line (the patience method). Lines that occur
 * exactly once in both are the anchors, and between two anchors, what is the same at either end is
 * left out. It takes n·log n for n lines, whatever they contain.
 */
export function hunks(before: string, after: string): Hunk[] {
  const old = new Lines(before);
  const fresh = new Lines(after);
  const found: Hunk[] = [];
  const open: [number, number, number, number][] = [[0, old.count, 0, fresh.count]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    let [a, aEnd, b, bEnd] = next;
    while (a < aEnd && b < bEnd && old.line(a) === fresh.line(b)) {
      a += 1;
      b += 1;
    }
    while (a < aEnd && b < bEnd && old.line(aEnd - 1) === fresh.line(bEnd - 1)) {
      aEnd -= 1;
      bEnd -= 1;
    }
    if (a === aEnd && b === bEnd) continue;
    const anchors = a < aEnd && b < bEnd ? common(old, a, aEnd, fresh, b, bEnd) : [];
    if (anchors.length === 0) {
      found.push(
        trimmed(before, after, {
          from: old.start(a),
          to: old.start(aEnd),
          start: fresh.start(b),
          end: fresh.start(bEnd),
        }),
      );
      continue;
    }
    // The last part is pushed first, so that the first part of the text is on top.
    let [laterA, laterB] = [aEnd, bEnd];
    for (const [atA, atB] of anchors.reverse()) {
      open.push([atA + 1, laterA, atB + 1, laterB]);
      [laterA, laterB] = [atA, atB];
    }
    open.push([a, laterA, b, laterB]);
  }
  return found;
}

class Lines {
  private readonly starts = [0];

  constructor(private readonly text: string) {
    for (let at = text.indexOf("\n") + 1; at > 0; at = text.indexOf("\n", at) + 1) {
      this.starts.push(at);
    }
    if (this.starts.at(-1) !== text.length) this.starts.push(text.length);
  }

  get count(): number {
    return this.starts.length - 1;
  }

  start(line: number): number {
    return this.starts[line] ?? this.text.length;
  }

  line(line: number): string {
    return this.text.slice(this.start(line), this.start(line + 1));
  }
}

/**
 * Returns pairs of lines that occur exactly once in both parts: as many as stand in the same order
 * in both.
 */
function common(
  old: Lines,
  a: number,
  aEnd: number,
  fresh: Lines,
  b: number,
  bEnd: number,
): [number, number][] {
  const places = new Map<string, { a: number; b: number }>();
  for (let at = a; at < aEnd; at += 1) {
    const known = places.get(old.line(at));
    if (known === undefined) places.set(old.line(at), { a: at, b: -1 });
    else known.a = -2;
  }
  for (let at = b; at < bEnd; at += 1) {
    const known = places.get(fresh.line(at));
    if (known !== undefined) known.b = known.b === -1 ? at : -2;
  }
  const pairs = [...places.values()].filter((pair) => pair.a >= 0 && pair.b >= 0);
  // This finds the longest increasing run of `b`. For each length, it keeps the run with the lowest
  // end.
  const ends: number[] = [];
  const before: number[] = [];
  for (const [index, pair] of pairs.entries()) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] as number] as { b: number }).b < pair.b) low = middle + 1;
      else high = middle;
    }
    before[index] = low > 0 ? (ends[low - 1] as number) : -1;
    ends[low] = index;
  }
  const run: [number, number][] = [];
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] as number) {
    const { a: atA, b: atB } = pairs[index] as { a: number; b: number };
    run.push([atA, atB]);
  }
  return run.reverse();
}

/** Removes what is the same at either end of a hunk, without splitting surrogate pairs. */
function trimmed(before: string, after: string, hunk: Hunk): Hunk {
  let { from, to, start, end } = hunk;
  let same = 0;
  while (from + same < to && start + same < end && before[from + same] === after[start + same]) {
    same += 1;
  }
  if (same > 0 && isHigh(before, from + same - 1)) same -= 1;
  from += same;
  start += same;
  same = 0;
  while (
    to - same > from &&
    end - same > start &&
    before[to - same - 1] === after[end - same - 1]
  ) {
    same += 1;
  }
  if (same > 0 && isLow(before, to - same)) same -= 1;
  to -= same;
  end -= same;
  return { from, to, start, end };
}

function isHigh(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

function isLow(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xdc00;
}

/**
 * Returns the changeset that turns `now` into `wanted`, text and attributes. Text that has to be
 * inserted again gets `author`, as servers demand. Other text gets its earlier authors back.
 */
export function restoring(now: Source, wanted: Source, author: string): string {
  const { text } = now.body;
  const builder = new easysync.Builder(text.length);
  const had = now.body.reader();
  const has = wanted.body.reader();
  let at = 0;
  const keepUntil = (end: number): void => {
    const theirs = has.take(end - at);
    let done = at; // the end of the current span of `theirs`
    let which = -1;
    for (const ours of had.take(end - at)) {
      for (let left = ours.chars; left > 0;) {
        if (done === at) done += theirs[++which]?.chars ?? left;
        const chars = Math.min(left, done - at);
        const set = changeOf(ours.attribs, now.pool, theirs[which]?.attribs ?? "", wanted.pool);
        const attribs = easysync.encodeAttribs(set, now.pool, false);
        builder.keepText(text.slice(at, at + chars), attribs);
        at += chars;
        left -= chars;
      }
    }
  };
  for (const hunk of hunks(text, wanted.body.text)) {
    keepUntil(hunk.from);
    builder.removeText(text.slice(hunk.from, hunk.to));
    had.skip(hunk.to - hunk.from);
    let start = hunk.start;
    for (const { attribs, chars } of has.take(hunk.end - hunk.start)) {
      const given = easysync.attribsOf(attribs, wanted.pool).set("author", author);
      const written = easysync.encodeAttribs(given, now.pool, true);
      builder.insert(wanted.body.text.slice(start, start + chars), written);
      start += chars;
    }
    at = hunk.to;
  }
  keepUntil(text.length);
  return builder.toChangeset();
}

/** Returns the attributes to set where the text has `had` and should have `wanted`. */
function changeOf(
  had: string,
  hadPool: easysync.AttributePool,
  wanted: string,
  wantedPool: easysync.AttributePool,
): easysync.Attribute[] {
  if (had === "" && wanted === "") return [];
  const before = easysync.attribsOf(had, hadPool);
  const after = easysync.attribsOf(wanted, wantedPool);
  const keys = new Set([...before.keys(), ...after.keys()]);
  const set: easysync.Attribute[] = [];
  for (const key of keys) {
    const value = after.get(key) ?? "";
    const old = before.get(key) ?? "";
    if (value === old) continue;
    // Nobody may give text to the system author. Its text keeps its author as well, because undo
    // could not return it.
    if (key === "author" && (value === SYSTEM || old === SYSTEM)) continue;
    set.push([key, value]);
  }
  return set;
}
