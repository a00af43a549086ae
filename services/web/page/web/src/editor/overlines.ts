/** Letters that are typed over several lines. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/**
 * A browser that types over a selection of several lines joins their elements, and puts styles on what
 * is left, which the page's policy forbids, and it complains about. So it is left no such thing to do.
 */
export const typedOverLines: Extension = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, data, isComposing } = event;
    if (inputType !== "insertText" || data === null || isComposing || view.composing) return false;
    const { state } = view;
    const { from, to } = state.selection.main;
    if (state.readOnly || state.doc.lineAt(from).to >= to) return false;
    event.preventDefault();
    view.dispatch({
      ...state.replaceSelection(data),
      scrollIntoView: true,
      userEvent: "input.type",
    });
    return true;
  },
});
