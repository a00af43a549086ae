/** What keys and the toolbar do to the text. */
import {
  type ChangeSpec,
  type EditorState,
  EditorSelection,
  type Line,
  type StateEffect,
} from "@codemirror/state";
import { insertNewline } from "@codemirror/commands";
import type { Command, KeyBinding } from "@codemirror/view";

import { activeFormats, type Marked, marked, setTyping } from "./changes.js";
import { type Format, hasMarker, listAt, source } from "./source.js";
import { redo, undo } from "./travel.js";

const MARKER = [
  ["insertorder", "first"],
  ["lmkr", "1"],
] as const;

const DEEPEST = 8;

export function toggleFormat(format: Format): Command {
  return (view) => {
    const { state } = view;
    if (state.readOnly) return false;
    const active = activeFormats(state);
    const on = !active.has(format);
    const { from, to, empty } = state.selection.main;
    if (empty) {
      const chosen = new Set(active);
      if (on) chosen.add(format);
      else chosen.delete(format);
      view.dispatch({ effects: setTyping.of(chosen) });
    } else {
      const attributes = [[format, on ? "true" : ""]] as const;
      view.dispatch({ effects: marked.of({ from, to, attributes }), userEvent: "format" });
    }
    return true;
  };
}

function selectedLines(state: EditorState): Line[] {
  const { from, to } = state.selection.main;
  const lines: Line[] = [];
  for (let at = from; ;) {
    const line = state.doc.lineAt(at);
    lines.push(line);
    if (line.to >= to) return lines;
    at = line.to + 1;
  }
}

/** Whether all lines of the selection are in a list. */
export function inList(state: EditorState): boolean {
  const from = state.facet(source);
  return selectedLines(state).every((line) => listAt(from, line.from) !== null);
}

/** Makes a list of the selected lines, or plain lines of a list. */
export const toggleList: Command = (view) => {
  const { state } = view;
  if (state.readOnly) return false;
  const from = state.facet(source);
  const plain = inList(state);
  const changes: ChangeSpec[] = [];
  const starts: number[] = [];
  for (const line of selectedLines(state)) {
    const has = hasMarker(from, line.from);
    if (plain && has) changes.push({ from: line.from, to: line.from + 1 });
    if (!plain && !has) {
      changes.push({ from: line.from, insert: "*" });
      starts.push(line.from);
    }
  }
  const attributes = [...MARKER, ["list", "bullet1"] as const];
  const effects = starts.map((start, before) =>
    marked.of({ from: start + before, to: start + before + 1, attributes }),
  );
  const set = state.changes(changes);
  const selection = EditorSelection.range(
    set.mapPos(state.selection.main.anchor, 1),
    set.mapPos(state.selection.main.head, 1),
  );
  view.dispatch({ changes: set, effects, selection, userEvent: "format" });
  return true;
};

/** Return within a list begins the next item, and on an empty item ends the list. */
const continueList: Command = (view) => {
  const { state } = view;
  const { from, to } = state.selection.main;
  const line = state.doc.lineAt(from);
  const list = listAt(state.facet(source), line.from);
  if (state.readOnly || list === null || from === line.from) return false;
  if (line.length === 1) {
    view.dispatch({ changes: { from: line.from, to: line.to }, userEvent: "input" });
    return true;
  }
  const marker = from + 1;
  view.dispatch({
    changes: { from, to, insert: "\n*" },
    effects: [
      marked.of({ from, to: marker, attributes: [] }),
      marked.of({ from: marker, to: marker + 1, attributes: [...MARKER, ["list", list]] }),
    ],
    selection: { anchor: marker + 1 },
    scrollIntoView: true,
    userEvent: "input",
  });
  return true;
};

/** From the beginning of a list item to the line above: the place before the marker is none. */
const passMarker: Command = (view) => {
  const { head, empty } = view.state.selection.main;
  const line = view.state.doc.lineAt(head);
  if (!empty || head !== line.from + 1 || line.from === 0) return false;
  if (!hasMarker(view.state.facet(source), line.from)) return false;
  view.dispatch({
    selection: { anchor: line.from - 1 },
    scrollIntoView: true,
    userEvent: "select",
  });
  return true;
};

/** One level deeper or less deep. Lines of no list are left alone, and so is the key. */
function indent(by: 1 | -1): Command {
  return (view) => {
    const { state } = view;
    if (state.readOnly) return false;
    const from = state.facet(source);
    const effects: StateEffect<Marked>[] = [];
    for (const line of selectedLines(state)) {
      const match = /^([a-z]+)(\d)$/.exec(listAt(from, line.from) ?? "");
      if (match === null) continue;
      const level = Math.min(Math.max(Number(match[2]) + by, 1), DEEPEST);
      const attributes = [["list", `${match[1]}${level}`]] as const;
      effects.push(marked.of({ from: line.from, to: line.from + 1, attributes }));
    }
    if (effects.length === 0) return false;
    view.dispatch({ effects, userEvent: "format" });
    return true;
  };
}

/** By the names in the page's HTML. */
export const DEEDS: Record<string, Command> = {
  bold: toggleFormat("bold"),
  italic: toggleFormat("italic"),
  underline: toggleFormat("underline"),
  strikethrough: toggleFormat("strikethrough"),
  list: toggleList,
  undo,
  redo,
};

export const keys: KeyBinding[] = [
  { key: "Mod-b", run: toggleFormat("bold"), preventDefault: true },
  { key: "Mod-i", run: toggleFormat("italic"), preventDefault: true },
  { key: "Mod-u", run: toggleFormat("underline"), preventDefault: true },
  { key: "Mod-Shift-x", run: toggleFormat("strikethrough"), preventDefault: true },
  { key: "Mod-Shift-l", run: toggleList, preventDefault: true },
  { key: "Enter", run: continueList },
  // The component's own would indent like the line before, as for programs.
  { key: "Enter", run: insertNewline, shift: insertNewline },
  { key: "ArrowLeft", run: passMarker },
  { key: "Tab", run: indent(1), shift: indent(-1) },
];
