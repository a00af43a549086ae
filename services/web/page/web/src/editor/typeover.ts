/** Letters that are typed over a selection. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

/**
 * A browser that types over what looks in several ways, or over several lines, joins what is left of
 * their elements, and gives it styles to keep their looks. The page's policy forbids such styles: the
 * browser would complain of its own doing. So it is left no such thing to do.
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
