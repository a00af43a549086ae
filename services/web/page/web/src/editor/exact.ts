/** Edits that are made as a changeset and not by the editor's own means. */
import type { EditorState, Transaction } from "@codemirror/state";
import { easysync } from "padfleet-client";

import { exactly, toChanges } from "./changes.js";
import { source } from "./source.js";

/**
 * The transaction that does what `changeset` does to the pad's text, as one step to be undone. Null
 * where nobody may write, or where it does nothing.
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
