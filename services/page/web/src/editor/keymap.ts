/** Keys of the text that belong to no button: those of writers, and none of programmers. */
import { standardKeymap } from "@codemirror/commands";
import { type ChangeSpec, EditorSelection, type Extension } from "@codemirror/state";
import { type Command, EditorView, type KeyBinding } from "@codemirror/view";

import { markAt, source } from "./source.js";

/** What Tab writes, as Etherpad's page does. */
const STEP = "    ";

/** Keys that mean nothing by themselves. */
const SILENT = new Set([
  "Escape",
  "Tab",
  "Shift",
  "Control",
  "Alt",
  "Meta",
  "AltGraph",
  "CapsLock",
]);

/** Moves on by a step; where something is selected, its lines. */
const stepIn: Command = (view) => {
  const { state } = view;
  if (state.readOnly) return false;
  const { from, to, empty } = state.selection.main;
  if (empty) {
    view.dispatch(state.replaceSelection(STEP), { scrollIntoView: true, userEvent: "input" });
    return true;
  }
  const changes: ChangeSpec[] = [];
  for (let at = from; ;) {
    const line = state.doc.lineAt(at);
    const start = line.from + (markAt(state.facet(source), line.from) === null ? 0 : 1);
    changes.push({ from: start, insert: STEP });
    if (line.to >= to) break;
    at = line.to + 1;
  }
  const set = state.changes(changes);
  const selection = EditorSelection.range(set.mapPos(from, -1), set.mapPos(to, 1));
  view.dispatch({ changes: set, selection, userEvent: "input.indent" });
  return true;
};

/** Takes a step away from the beginning of the selected lines, as far as there is one. */
const stepOut: Command = (view) => {
  const { state } = view;
  if (state.readOnly) return false;
  const { from, to } = state.selection.main;
  const changes: ChangeSpec[] = [];
  for (let at = from; ;) {
    const line = state.doc.lineAt(at);
    const start = line.from + (markAt(state.facet(source), line.from) === null ? 0 : 1);
    const found = /^(?:\t| {1,4})/.exec(line.text.slice(start - line.from));
    if (found !== null) changes.push({ from: start, to: start + found[0].length });
    if (line.to >= to) break;
    at = line.to + 1;
  }
  if (changes.length > 0) view.dispatch({ changes, userEvent: "delete.dedent" });
  return true;
};

/** For Tab where nothing else, such as a list, takes it. */
export const tabKeys: KeyBinding[] = [{ key: "Tab", run: stepIn, shift: stepOut }];

/** What moves and deletes. The component's default has keys for programs beside it. */
export const plainKeys: readonly KeyBinding[] = standardKeymap;

/**
 * After Escape, Tab leaves the text, until another key is pressed. Without a limit in time, unlike
 * the component's own: who needs it may not be quick.
 */
export const leaving: Extension = EditorView.domEventObservers({
  keydown(event, view) {
    if (event.key === "Escape") view.setTabFocusMode(true);
    else if (!SILENT.has(event.key)) view.setTabFocusMode(false);
  },
  focus(_event, view) {
    view.setTabFocusMode(false);
  },
});
