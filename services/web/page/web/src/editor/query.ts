/** Search queries on the text. They do not depend on the view. */
import { SearchQuery } from "@codemirror/search";
import type { EditorState } from "@codemirror/state";

import { markAt, source } from "./source.js";

/** How many matches are counted at most. */
export const MOST = 10_000;

/** What to search for, and how. */
export interface Wanted {
  text: string;
  replacement: string;
  matchCase: boolean;
  wholeWord: boolean;
  regexp: boolean;
}

/**
 * Returns `wanted` as a query that ignores matches with a line marker, since markers are invisible.
 */
export function queryOf(wanted: Wanted): SearchQuery {
  return new SearchQuery({
    search: wanted.text,
    replace: wanted.replacement,
    caseSensitive: wanted.matchCase,
    wholeWord: wanted.wholeWord,
    regexp: wanted.regexp,
    literal: true,
    test: (_match, state, from, to) => !holdsMarker(state, from, to),
  });
}

function holdsMarker(state: EditorState, from: number, to: number): boolean {
  const marks = state.facet(source);
  for (let at = from; at < to;) {
    const line = state.doc.lineAt(at);
    if (line.from >= from && markAt(marks, line.from) !== null) return true;
    at = line.to + 1;
  }
  return false;
}

/** The number of matches, and which of them is selected, counted from 1; 0 if none is. */
export interface Count {
  at: number;
  of: number;
  /** Whether there are more matches than were counted. */
  more: boolean;
}

/** Counts the matches of a valid query. */
export function countMatches(state: EditorState, query: SearchQuery, most = MOST): Count {
  const { from, to } = state.selection.main;
  const count: Count = { at: 0, of: 0, more: false };
  const cursor = query.getCursor(state);
  for (let match = cursor.next(); !match.done; match = cursor.next()) {
    if (count.of === most) {
      count.more = true;
      break;
    }
    count.of += 1;
    if (match.value.from === from && match.value.to === to) count.at = count.of;
  }
  return count;
}
