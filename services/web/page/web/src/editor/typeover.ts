/** Handles text that is written over a selection, and selections that are deleted. */
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

import { WRITTEN_OVER } from "./undo.js";

/** Returns what an event puts in the place of the selection, or null if it is about something else. */
function replacing({ inputType, data }: InputEvent): string | null {
  if (inputType === "insertText") return data;
  return inputType.startsWith("delete") ? "" : null;
}

/**
 * Makes the editor, and not the browser, delete what is selected. A browser that deletes text of
 * several looks, or in several lines, joins the elements that remain, and gives them inline styles so
 * that they keep their looks; what is composed there may even end up beside a part of itself. The
 * page's policy forbids inline styles, and the browser would complain about its own.
 */
export function typingOver(): Extension {
  // Keys that delete are handled by the component, on some phones only a while after they are struck.
  let key = "";
  return [
    EditorView.domEventHandlers({
      beforeinput(event, view) {
        const { cancelable, isComposing } = event;
        if (!cancelable || isComposing || view.composing) return false;
        const text = replacing(event);
        const { state } = view;
        if (text === null || state.readOnly || state.selection.main.empty) return false;
        if (text === "" && ["Backspace", "Delete"].includes(key)) return false;
        event.preventDefault();
        const userEvent = text === "" ? "delete.selection" : "input.type";
        view.dispatch(
          state.update(state.replaceSelection(text), { scrollIntoView: true, userEvent }),
        );
        return true;
      },
    }),
    EditorView.domEventObservers({
      keydown(event) {
        ({ key } = event);
      },
      keyup() {
        key = "";
      },
      // An input method writes in the place of the selection without asking.
      compositionstart(_event, view) {
        const { state } = view;
        if (state.readOnly || state.selection.main.empty) return;
        view.dispatch(state.update(state.replaceSelection(""), { userEvent: WRITTEN_OVER }));
      },
    }),
  ];
}
