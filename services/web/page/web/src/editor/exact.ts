/** Edits that are made as a changeset instead of by the editor's own means. */
import type { EditorState, Transaction } from "@codemirror/state";
import { easysync } from "padfleet-client";

import { exactly, toChanges } from "./changes.js";
import { source } from "./source.js";

/**
 * Returns the transaction that applies `changeset` to the pad's text, as one step to undo. Returns
 * null if the editor is read-only or the changeset has no effect.
 */
export function exactEdit(
  state: EditorState,
  changeset: string,
  userEvent: string,
): Transaction | null {
  if (state.readOnly || easysync.isIdentity(changeset)) return null;
  const { text } = state.facet(source).body;
  const after = easysync.applyToText(changeset, text);
  const changes = toChanges([easysync.textChanges(changeset)], state.doc, text, after);
  if (changes === null) return null;
  const annotations = exactly.of(changeset);
  return state.update({ changes, annotations, userEvent, filter: false });
}
