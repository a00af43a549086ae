/** The place before a list marker, which is none. */
import { EditorState } from "@codemirror/state";

import { markAt, source } from "./source.js";

/** `place`, or the one behind the marker that it is before: what stood there would part the two. */
export function besideMarker(state: EditorState, place: number): number {
  const isStart = state.doc.lineAt(place).from === place;
  return isStart && markAt(state.facet(source), place) !== null ? place + 1 : place;
}

/** Keeps the cursor off the place before a list marker. */
export const besideMarkers = EditorState.transactionFilter.of((tr) => {
  if (tr.docChanged || tr.selection === undefined || !tr.selection.main.empty) return tr;
  const { head } = tr.selection.main;
  const anchor = besideMarker(tr.startState, head);
  return anchor === head ? tr : [tr, { selection: { anchor }, sequential: true }];
});
