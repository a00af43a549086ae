/** The undo and redo commands. */
import {
  Facet,
  type EditorState,
  type Extension,
  Prec,
  type StateCommand,
} from "@codemirror/state";
import { EditorView, type KeyBinding } from "@codemirror/view";
import { easysync } from "padfleet-client";

import { toChanges, travelled } from "./changes.js";
import { source } from "./source.js";
import type { Side, Undoing } from "./undo.js";

/** The state's undo history. Without it, nothing can be undone. */
export const undoing = Facet.define<Undoing, Undoing | null>({
  combine: (given) => given[0] ?? null,
});

function travel(side: Side): StateCommand {
  return ({ state, dispatch }) => {
    if (state.readOnly) return false;
    const { text } = state.facet(source).body;
    const step = state.facet(undoing)?.next(side, text) ?? null;
    if (step === null) return false;
    const { changeset, caret } = step;
    const after = easysync.applyToText(changeset, text);
    const changes = toChanges([easysync.textChanges(changeset)], state.doc, text, after);
    if (changes === null) return false;
    const within = (position: number): number => Math.min(position, changes.newLength);
    dispatch(
      state.update({
        changes,
        selection: { anchor: within(caret.anchor), head: within(caret.head) },
        annotations: travelled.of({ side, changeset }),
        scrollIntoView: true,
        userEvent: side,
        filter: false, // because it must stay exactly this changeset
      }),
    );
    return true;
  };
}

export const undo = travel("undo");
export const redo = travel("redo");

/** Returns the number of steps to undo or redo. */
export function depth(state: EditorState, side: Side): number {
  return state.facet(undoing)?.depth(side) ?? 0;
}

export const travelKeys: KeyBinding[] = [
  { key: "Mod-z", run: undo, preventDefault: true },
  { key: "Mod-y", mac: "Mod-Shift-z", run: redo, preventDefault: true },
  { key: "Mod-Shift-z", run: redo, preventDefault: true },
];

/**
 * Makes redo work with Caps Lock. Shift then gives a small letter, which key bindings treat as one
 * without Shift, so that redo would be undo.
 */
export const redoInCapitals: Extension = Prec.highest(
  EditorView.domEventHandlers({
    keydown(event, view) {
      const { key, shiftKey, altKey, ctrlKey, metaKey } = event;
      if (key !== "z" || !shiftKey || altKey || ctrlKey === metaKey) return false;
      event.preventDefault();
      redo(view);
      return true;
    },
  }),
);
