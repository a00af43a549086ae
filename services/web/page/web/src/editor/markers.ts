/** The place before a list marker, which is none. */
import { EditorState } from "@codemirror/state";

import { markAt, source } from "./source.js";

/** Keeps the cursor off the place before a list marker: what is typed there would split the two. */
export const besideMarkers = EditorState.transactionFilter.of((tr) => {
  if (tr.docChanged || tr.selection === undefined || !tr.selection.main.empty) return tr;
  const { head } = tr.selection.main;
  const line = tr.startState.doc.lineAt(head);
  if (head !== line.from || markAt(tr.startState.facet(source), head) === null) return tr;
  return [tr, { selection: { anchor: head + 1 }, sequential: true }];
});
