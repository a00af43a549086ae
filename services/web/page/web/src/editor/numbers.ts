/** Computes the numbers of list items. It is pure. */
import type { easysync } from "padfleet-client";

import { listOf, lookOf, type Mark, type Source } from "./source.js";

/**
 * Returns the number of each of successive lines, or 0 for a line that has none. The lines must
 * begin where no list continues, or at a list's first item. Each level counts separately, and
 * starts again below another item and where the kind of the list changes. `first` returns the
 * number to start with.
 */
export function numbersOf(
  marks: readonly (Mark | null)[],
  first: (mark: Mark) => number = () => 1,
): number[] {
  const open: { kind: string; number: number }[] = [];
  return marks.map((mark) => {
    const list = listOf(mark);
    if (mark === null || list === null || list.kind === "indent") {
      open.length = 0;
      return 0;
    }
    open.length = Math.min(open.length, list.level);
    while (open.length < list.level) open.push({ kind: "", number: 0 });
    const last = open[list.level - 1] as { kind: string; number: number };
    last.number = last.kind === list.kind ? last.number + 1 : first(mark);
    last.kind = list.kind;
    return last.number;
  });
}

/** Whether a line is numbered together with its neighbours. */
export function isCounted(mark: Mark | null): boolean {
  const list = listOf(mark);
  return list !== null && list.kind !== "indent";
}

/** Returns the markers in `[from, to)` by position, in a single pass over the attributes. */
export function marksBetween(
  { body, pool }: { body: easysync.Body; pool: Source["pool"] },
  from: number,
  to: number,
): Map<number, Mark> {
  const { text } = body;
  const found = new Map<number, Mark>();
  for (const span of body.spansBetween(from, to)) {
    const { mark } = lookOf(span.attribs, pool);
    if (mark === null) continue;
    for (let at = text.indexOf("*", span.from); at >= 0 && at < span.to;) {
      if (at === 0 || text.charAt(at - 1) === "\n") found.set(at, mark);
      at = text.indexOf("*", at + 1);
    }
  }
  return found;
}
