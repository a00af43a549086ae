/** Keeps the cursor and insertions away from the place before a list marker. */
import { EditorState } from "@codemirror/state";

import { markAt, source } from "./source.js";

/**
 * Returns `place`, or the place after the marker that it precedes. Text before the marker would
 * separate the marker from its line.
 */
export function besideMarker(state: EditorState, place: number): number {
  const isStart = state.doc.lineAt(place).from === place;
  return isStart && markAt(state.facet(source), place) !== null ? place + 1 : place;
}

/** Moves the cursor from the place before a list marker to the place after it. */
export const besideMarkers = EditorState.transactionFilter.of((tr) => {
  if (tr.docChanged || tr.selection === undefined || !tr.selection.main.empty) return tr;
  const { head } = tr.selection.main;
  const anchor = besideMarker(tr.startState, head);
  return anchor === head ? tr : [tr, { selection: { anchor }, sequential: true }];
});
