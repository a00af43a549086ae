/** Lists with their levels, indented lines, and headings. */
import { type ChangeSpec, type EditorState, EditorSelection, type Line } from "@codemirror/state";
import type { Command } from "@codemirror/view";
import type { easysync } from "padfleet-client";

import { type Marked, marked } from "./changes.js";
import { listOf, type Mark, markAt, source } from "./source.js";

/** The deepest level of a list, as in Etherpad. */
export const DEEPEST = 16;

export const HEADINGS = ["h1", "h2", "h3", "h4"] as const;
export type Heading = (typeof HEADINGS)[number];

export type ListKind = "bullet" | "number";

/** The attributes of a new marker, without those for a list or heading. */
export const MARKER: readonly easysync.Attribute[] = [
  ["insertorder", "first"],
  ["lmkr", "1"],
];

/** Returns the lines of the selection. A line at whose start the selection ends does not count. */
export function selectedLines(state: EditorState): Line[] {
  const { from, to } = state.selection.main;
  const lines: Line[] = [];
  for (let at = from; ;) {
    const line = state.doc.lineAt(at);
    if (lines.length === 0 || line.from < to) lines.push(line);
    if (line.to >= to) return lines;
    at = line.to + 1;
  }
}

interface Wanted {
  list: string;
  heading: string;
}

/**
 * Returns a command that changes the list and heading of each selected line to what `wanted`
 * returns for the current ones. The command returns false if nothing changes.
 */
function say(wanted: (said: Wanted, line: Line) => Partial<Wanted>): Command {
  return (view) => {
    const { state } = view;
    if (state.readOnly) return false;
    const from = state.facet(source);
    const changes: ChangeSpec[] = [];
    const marks: Marked[] = [];
    let moved = 0;
    for (const line of selectedLines(state)) {
      const mark = markAt(from, line.from);
      const said = { list: mark?.list ?? "", heading: mark?.heading ?? "" };
      const next = { ...said, ...wanted(said, line) };
      if (next.list === said.list && next.heading === said.heading) continue;
      const start = line.from + moved;
      if (mark !== null && next.list === "" && next.heading === "" && !mark.more) {
        changes.push({ from: line.from, to: line.from + 1 });
        moved -= 1;
        continue;
      }
      const attributes: easysync.Attribute[] = [];
      if (mark === null) {
        changes.push({ from: line.from, insert: "*" });
        moved += 1;
        attributes.push(...MARKER);
      }
      if (next.list !== said.list) attributes.push(["list", next.list]);
      if ((mark?.start ?? "") !== "" && /^(indent|$)/.test(next.list))
        attributes.push(["start", ""]);
      if (next.heading !== said.heading) attributes.push(["heading", next.heading]);
      marks.push({ from: start, to: start + 1, attributes });
    }
    if (changes.length === 0 && marks.length === 0) return false;
    const set = state.changes(changes);
    const { anchor, head } = state.selection.main;
    view.dispatch({
      changes: set,
      effects: marks.map((mark) => marked.of(mark)),
      selection: EditorSelection.range(set.mapPos(anchor, 1), set.mapPos(head, 1)),
      userEvent: "format",
    });
    return true;
  };
}

function kindOf(list: string): string {
  return /^[a-z]+/.exec(list)?.[0] ?? "";
}

function levelOf(list: string): number {
  return Number(/\d+$/.exec(list)?.[0] ?? 0);
}

/** Whether all lines of the selection are in a list of this kind. */
export function inList(state: EditorState, kind: ListKind): boolean {
  const from = state.facet(source);
  return selectedLines(state).every((line) => kindOf(markAt(from, line.from)?.list ?? "") === kind);
}

/** Returns the heading of all lines of the selection; "" if they have none, null if they differ. */
export function headingOf(state: EditorState): string | null {
  const from = state.facet(source);
  const found = new Set(selectedLines(state).map((line) => markAt(from, line.from)?.heading ?? ""));
  return found.size === 1 ? ([...found][0] as string) : null;
}

/** Turns the selected lines into a list, or back into plain lines. Deeper items stay indented. */
export function toggleList(kind: ListKind): Command {
  return (view) => {
    const off = inList(view.state, kind);
    return say(({ list }) => {
      const level = levelOf(list);
      if (!off) return { list: `${kind}${Math.max(level, 1)}` };
      return { list: level > 1 ? `indent${level}` : "" };
    })(view);
  };
}

/** Turns the selected lines into headings, or with "" into plain lines. */
export function setHeading(heading: Heading | ""): Command {
  return say(() => ({ heading }));
}

/**
 * Like `setHeading`, but turns the lines back into plain ones if all of them are such headings
 * already.
 */
export function toggleHeading(heading: Heading): Command {
  return (view) => setHeading(headingOf(view.state) === heading ? "" : heading)(view);
}

function deeper(list: string, by: number): string {
  const level = Math.min(Math.max(levelOf(list) + by, 0), DEEPEST);
  return level === 0 ? "" : `${kindOf(list) || "indent"}${level}`;
}

/** Moves the selected lines in or out by a level. Moving in indents lines that are in no list. */
export function indent(by: 1 | -1): Command {
  return say(({ list }) => ({ list: deeper(list, by) }));
}

/** Like `indent`, for the Tab key: it only works in lists and indented lines. */
export function indentInList(by: 1 | -1): Command {
  return (view) => {
    const { state } = view;
    const from = state.facet(source);
    const lists = selectedLines(state).some((line) => listOf(markAt(from, line.from)) !== null);
    if (!lists || state.readOnly) return false;
    say(({ list }) => (list === "" ? {} : { list: deeper(list, by) }))(view);
    return true; // also at the deepest level, so that the key does not leave the text
  };
}

/** Returns the attributes of the marker of the line that Return begins; empty if it has none. */
function following({ list, heading }: Mark, atEnd: boolean): easysync.Attribute[] {
  if (list !== "") return [...MARKER, ["list", list]];
  return heading === "" || atEnd ? [] : [...MARKER, ["heading", heading]];
}

/**
 * Handles Return. In a list it begins the next item, and on an empty item it ends the list. After a
 * heading it begins a plain line; within a heading, both parts are headings; at the start of a
 * heading, it moves the heading down.
 */
export const newLine: Command = (view) => {
  const { state } = view;
  const { from, to, empty } = state.selection.main;
  const line = state.doc.lineAt(from);
  const mark = markAt(state.facet(source), line.from);
  if (state.readOnly || mark === null || from === line.from) return false;
  if (line.length === 1 && empty) return say(() => ({ list: "", heading: "" }))(view);
  if (mark.list === "" && empty && from === line.from + 1) {
    view.dispatch({
      changes: { from: line.from, insert: "\n" },
      selection: { anchor: from + 1 },
      scrollIntoView: true,
      userEvent: "input",
    });
    return true;
  }
  const attributes = following(mark, to >= line.to);
  if (attributes.length === 0) return false;
  const marker = from + 1;
  view.dispatch({
    changes: { from, to, insert: "\n*" },
    effects: [
      marked.of({ from, to: marker, attributes: [] }),
      marked.of({ from: marker, to: marker + 1, attributes }),
    ],
    selection: { anchor: marker + 1 },
    scrollIntoView: true,
    userEvent: "input",
  });
  return true;
};

/**
 * Handles Backspace at the start of a line: a heading becomes a plain line, and an item moves out
 * by a level or becomes a plain line.
 */
export const backFromStart: Command = (view) => {
  const { state } = view;
  const { head, empty } = state.selection.main;
  const line = state.doc.lineAt(head);
  if (!empty || head !== line.from + 1 || state.readOnly) return false;
  const mark = markAt(state.facet(source), line.from);
  if (mark === null) return false;
  if (mark.heading !== "") return setHeading("")(view);
  return indent(-1)(view);
};
