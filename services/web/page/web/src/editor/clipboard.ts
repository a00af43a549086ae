/** Copying, cutting and pasting of text with its formats, lists and headings. */
import {
  EditorSelection,
  type EditorState,
  type Extension,
  type TransactionSpec,
} from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { easysync } from "padfleet-client";

import { linesOf } from "../text/reading.js";
import { htmlOf, type RichLine } from "../text/rich.js";
import { tamed } from "../text/tamed.js";
import { type Marked, marked } from "./changes.js";
import { MARKER } from "./lists.js";
import { lookOf, markAt, source } from "./source.js";

/** Above this length of the HTML, in code units, the plain text is pasted instead. */
const LARGEST = 4_000_000;

/** Above this number of lines and runs, they are pasted without formats, lists and headings. */
const MOST_PIECES = 4_000;

/** What the component pastes if there are no lines to paste with their formats. */
const PLAIN = ["text/plain", "text/uri-list"];

/** A range of the editor's text. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the selected lines. A line includes its list and heading only if it is selected from
 * start to end.
 */
export function copied(
  state: EditorState,
  { from, to }: Stretch = state.selection.main,
): RichLine[] {
  const text = state.facet(source);
  const lines: RichLine[] = [];
  for (let at = from; ;) {
    const line = state.doc.lineAt(at);
    const mark = markAt(text, line.from);
    const start = line.from + (mark === null ? 0 : 1);
    const end = Math.min(line.to, to);
    const whole = from <= start && (to > line.to || end === line.to);
    const rich: RichLine = {
      list: (whole && mark?.list) || "",
      heading: (whole && mark?.heading) || "",
      runs: [],
    };
    for (const span of text.body.spansBetween(Math.max(start, at), end)) {
      const { formats } = lookOf(span.attribs, text.pool);
      const last = rich.runs.at(-1);
      const piece = text.body.text.slice(span.from, span.to);
      if (last !== undefined && last.formats.join() === formats.join()) last.text += piece;
      else rich.runs.push({ text: piece, formats });
    }
    lines.push(rich);
    if (line.to >= to) return lines;
    at = line.to + 1;
  }
}

/** Returns the text of lines, without formats. */
export function textOf(lines: readonly RichLine[]): string {
  return lines.map(({ runs }) => runs.map(({ text }) => text).join("")).join("\n");
}

/** Returns plain text as lines. */
export function plainLines(text: string): RichLine[] {
  return text.split("\n").map((line) => {
    return { list: "", heading: "", runs: line === "" ? [] : [{ text: line, formats: [] }] };
  });
}

/**
 * Returns what `lines` are when they replace a range: the text, and its attributes for the case
 * that it stands at `from`.
 */
export function inserted(
  state: EditorState,
  { from, to }: Stretch,
  lines: readonly RichLine[],
): { insert: string; marks: Marked[] } {
  const line = state.doc.lineAt(from);
  const mark = markAt(state.facet(source), line.from);
  const fresh =
    from === line.from && mark === null && (lines.length > 1 || line.length === to - from);
  const marks: Marked[] = [];
  let insert = "";
  const add = (text: string, attributes: Marked["attributes"]): void => {
    const start = from + insert.length;
    insert += text;
    marks.push({ from: start, to: start + text.length, attributes });
  };
  for (const [index, { list, heading, runs }] of lines.entries()) {
    if (index > 0) add("\n", []);
    const said: easysync.Attribute[] = [];
    if (list !== "") said.push(["list", list]);
    if (heading !== "") said.push(["heading", heading]);
    if (said.length > 0 && (index > 0 || fresh)) add("*", [...MARKER, ...said]);
    for (const { text, formats } of runs)
      add(
        text,
        formats.map((format) => [format, "true"]),
      );
  }
  return { insert, marks: marks.length > MOST_PIECES ? [] : marks };
}

/** Returns the transaction that pastes `lines` over the selection. */
export function pasting(state: EditorState, lines: readonly RichLine[]): TransactionSpec {
  const { from, to } = state.selection.main;
  const { insert, marks } = inserted(state, { from, to }, lines);
  return {
    changes: { from, to, insert },
    effects: marks.map((each) => marked.of(each)),
    selection: EditorSelection.cursor(from + insert.length),
    scrollIntoView: true,
    userEvent: "input.paste",
  };
}

/**
 * Returns the lines of HTML, or null if there are none or too many to be pasted with their formats.
 */
export function read(html: string): RichLine[] | null {
  if (html === "" || html.length > LARGEST) return null;
  const lines = linesOf(new DOMParser().parseFromString(tamed(html), "text/html").body);
  const pieces = lines.reduce((sum, { runs }) => sum + runs.length + 2, 0);
  return lines.length === 0 || pieces > MOST_PIECES ? null : lines;
}

function take(event: ClipboardEvent, view: EditorView): boolean {
  const { clipboardData } = event;
  const { state } = view;
  if (clipboardData === null) return false;
  event.preventDefault();
  if (state.selection.main.empty) return true;
  const lines = copied(state);
  clipboardData.setData("text/plain", textOf(lines));
  clipboardData.setData("text/html", htmlOf(lines));
  if (event.type === "cut" && !state.readOnly) {
    const { from, to } = state.selection.main;
    view.dispatch({ changes: { from, to }, scrollIntoView: true, userEvent: "delete.cut" });
  }
  return true;
}

export const clipboard: Extension = [
  EditorView.clipboardInputFilter.of((text) => easysync.plain(text)),
  // This is for dragging. Copying and cutting are handled below.
  EditorView.clipboardOutputFilter.of((_text, state) => textOf(copied(state))),
  EditorView.domEventHandlers({
    copy: take,
    cut: take,
    paste({ clipboardData }, view) {
      if (view.state.readOnly || clipboardData === null) return false;
      const lines = read(clipboardData.getData("text/html"));
      // For a picture, the component would replace the selection with nothing.
      const empty = PLAIN.every((kind) => clipboardData.getData(kind) === "");
      if (lines === null) return empty;
      view.dispatch(pasting(view.state, lines));
      return true;
    },
  }),
];
