/** Handles typing over a selection, and deleting it. */
import type { EditorState, Extension, TransactionSpec } from "@codemirror/state";
import { EditorView } from "@codemirror/view";

import { WRITTEN_OVER } from "./undo.js";

/**
 * Returns the text with which an event replaces the selection, or null if it does something else.
 */
function replacing({ inputType, data }: InputEvent): string | null {
  if (inputType === "insertText") return data;
  return inputType.startsWith("delete") ? "" : null;
}

/**
 * Returns the transaction that deletes the selection before composed text takes its place, or null
 * if there is nothing to delete.
 */
export function makingRoom(state: EditorState): TransactionSpec | null {
  if (state.readOnly || state.selection.main.empty) return null;
  return { ...state.replaceSelection(""), userEvent: WRITTEN_OVER };
}

/**
 * Makes the editor delete the selected text instead of the browser. A browser that deletes text
 * with several formats or of several lines joins the remaining elements, and gives them inline
 * styles to preserve their look. The page's policy forbids inline styles, so the browser would
 * report its own action. Text that is composed there may even end up next to a part of itself.
 */
export function typingOver(): Extension {
  // The component handles Backspace and Delete, on some phones only a while after the key stroke.
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
      // An input method replaces the selection without a `beforeinput` event that could be
      // cancelled.
      compositionstart(_event, view) {
        const room = makingRoom(view.state);
        if (room !== null) view.dispatch(room);
      },
    }),
  ];
}
