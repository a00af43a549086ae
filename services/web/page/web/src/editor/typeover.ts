/** Handles typing over a selection. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/**
 * When a browser types over text with several formats or of several lines, it joins the remaining
 * elements, and gives them styles to preserve their look. The page's policy forbids such styles, so
 * the browser would report its own action. Therefore the editor replaces the text itself.
 */
export const typingOver: Extension = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, data, isComposing } = event;
    if (inputType !== "insertText" || data === null || isComposing || view.composing) return false;
    const { state } = view;
    if (state.readOnly || state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(
      state.update(state.replaceSelection(data), { scrollIntoView: true, userEvent: "input.type" }),
    );
    return true;
  },
});
