/**
 * Keys of the text that belong to no button: those that writers need, without those for
 * programmers.
 */
import {
  cursorCharLeft,
  cursorCharRight,
  cursorDocEnd,
  cursorDocStart,
  cursorGroupLeft,
  cursorGroupRight,
  cursorLineBoundaryBackward,
  cursorLineBoundaryForward,
  cursorLineBoundaryLeft,
  cursorLineBoundaryRight,
  cursorLineDown,
  cursorLineUp,
  cursorPageDown,
  cursorPageUp,
  deleteCharBackward,
  deleteCharForward,
  deleteGroupBackward,
  deleteGroupForward,
  deleteLineBoundaryBackward,
  deleteLineBoundaryForward,
  emacsStyleKeymap,
  selectAll,
  selectCharLeft,
  selectCharRight,
  selectDocEnd,
  selectDocStart,
  selectGroupLeft,
  selectGroupRight,
  selectLineBoundaryBackward,
  selectLineBoundaryForward,
  selectLineBoundaryLeft,
  selectLineBoundaryRight,
  selectLineDown,
  selectLineUp,
  selectPageDown,
  selectPageUp,
} from "@codemirror/commands";
import { type ChangeSpec, EditorSelection, type Extension } from "@codemirror/state";
import { type Command, EditorView, type KeyBinding } from "@codemirror/view";

import { markAt, source } from "./source.js";

/** What Tab inserts, as on Etherpad's page. */
const STEP = "    ";

/** Keys that do nothing by themselves. */
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

/** Inserts a step at the cursor, or at the start of each selected line. */
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

/** Removes up to one step of indentation from each selected line. */
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

/** The bindings of Tab where no other command, such as that of a list, handles it. */
export const tabKeys: KeyBinding[] = [{ key: "Tab", run: stepIn, shift: stepOut }];

/**
 * Keys that move the cursor and delete. CodeMirror's standard keymap has the same, and a Return
 * that indents as in programs; using it would add the code for programming languages to the page.
 */
export const plainKeys: readonly KeyBinding[] = [
  { key: "ArrowLeft", run: cursorCharLeft, shift: selectCharLeft, preventDefault: true },
  {
    key: "Mod-ArrowLeft",
    mac: "Alt-ArrowLeft",
    run: cursorGroupLeft,
    shift: selectGroupLeft,
    preventDefault: true,
  },
  {
    mac: "Cmd-ArrowLeft",
    run: cursorLineBoundaryLeft,
    shift: selectLineBoundaryLeft,
    preventDefault: true,
  },
  { key: "ArrowRight", run: cursorCharRight, shift: selectCharRight, preventDefault: true },
  {
    key: "Mod-ArrowRight",
    mac: "Alt-ArrowRight",
    run: cursorGroupRight,
    shift: selectGroupRight,
    preventDefault: true,
  },
  {
    mac: "Cmd-ArrowRight",
    run: cursorLineBoundaryRight,
    shift: selectLineBoundaryRight,
    preventDefault: true,
  },
  { key: "ArrowUp", run: cursorLineUp, shift: selectLineUp, preventDefault: true },
  { mac: "Cmd-ArrowUp", run: cursorDocStart, shift: selectDocStart },
  { mac: "Ctrl-ArrowUp", run: cursorPageUp, shift: selectPageUp },
  { key: "ArrowDown", run: cursorLineDown, shift: selectLineDown, preventDefault: true },
  { mac: "Cmd-ArrowDown", run: cursorDocEnd, shift: selectDocEnd },
  { mac: "Ctrl-ArrowDown", run: cursorPageDown, shift: selectPageDown },
  { key: "PageUp", run: cursorPageUp, shift: selectPageUp },
  { key: "PageDown", run: cursorPageDown, shift: selectPageDown },
  {
    key: "Home",
    run: cursorLineBoundaryBackward,
    shift: selectLineBoundaryBackward,
    preventDefault: true,
  },
  { key: "Mod-Home", run: cursorDocStart, shift: selectDocStart },
  {
    key: "End",
    run: cursorLineBoundaryForward,
    shift: selectLineBoundaryForward,
    preventDefault: true,
  },
  { key: "Mod-End", run: cursorDocEnd, shift: selectDocEnd },
  { key: "Mod-a", run: selectAll },
  { key: "Backspace", run: deleteCharBackward, shift: deleteCharBackward, preventDefault: true },
  { key: "Delete", run: deleteCharForward, preventDefault: true },
  { key: "Mod-Backspace", mac: "Alt-Backspace", run: deleteGroupBackward, preventDefault: true },
  { key: "Mod-Delete", mac: "Alt-Delete", run: deleteGroupForward, preventDefault: true },
  { mac: "Mod-Backspace", run: deleteLineBoundaryBackward, preventDefault: true },
  { mac: "Mod-Delete", run: deleteLineBoundaryForward, preventDefault: true },
  // On a Mac, all text fields have these keys.
  ...emacsStyleKeymap.map(({ key, run, shift }): KeyBinding => {
    return { ...(key && { mac: key }), ...(run && { run }), ...(shift && { shift }) };
  }),
];

/**
 * After Escape, Tab leaves the text until another key is pressed. Unlike the component's own mode,
 * this one has no time limit, because the people who need it may not be fast.
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
