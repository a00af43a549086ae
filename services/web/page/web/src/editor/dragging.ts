/**
 * Dragging of text. Within the pad, text is moved with its formats, even if others change it
 * meanwhile.
 */
import {
  EditorSelection,
  type EditorState,
  type Extension,
  StateEffect,
  StateField,
  type TransactionSpec,
} from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { easysync } from "padfleet-client";

import { type RichLine, htmlOf } from "../text/rich.js";
import { marked } from "./changes.js";
import { copied, inserted, plainLines, read, type Stretch } from "./clipboard.js";
import { besideMarker } from "./markers.js";

const setDragged = StateEffect.define<Stretch | null>();

/** The range that is being dragged within this text, mapped through all changes. */
const dragged = StateField.define<Stretch | null>({
  create: () => null,
  update(stretch, tr) {
    for (const effect of tr.effects) if (effect.is(setDragged)) return effect.value;
    if (stretch === null || !tr.docChanged) return stretch;
    const from = tr.changes.mapPos(stretch.from, 1);
    return { from, to: Math.max(from, tr.changes.mapPos(stretch.to, -1)) };
  },
});

/**
 * Returns the transaction that drops `lines` at `place`, or null if there is nothing to do because
 * they are dropped where they were. `moved` is the range that they come from if they are to be
 * removed there.
 */
export function dropping(
  state: EditorState,
  lines: readonly RichLine[],
  place: number,
  moved: Stretch | null,
): TransactionSpec | null {
  const at = besideMarker(state, place);
  if (moved !== null && moved.from <= at && at <= moved.to) return null;
  const { insert, marks } = inserted(state, { from: at, to: at }, lines);
  if (insert === "") return null;
  const shift = moved !== null && moved.to < at ? moved.from - moved.to : 0;
  const changes = [{ from: at, insert }, ...(moved === null ? [] : [moved])];
  return {
    changes,
    effects: marks.map(({ from, to, attributes }) =>
      marked.of({ from: from + shift, to: to + shift, attributes }),
    ),
    selection: EditorSelection.range(at + shift, at + shift + insert.length),
    userEvent: moved === null ? "input.drop" : "move.drop",
  };
}

/** Whether the dragged text is to be copied instead of moved. */
function copies(event: DragEvent): boolean {
  return /Mac/.test(navigator.platform) ? event.altKey : event.ctrlKey;
}

function drop(event: DragEvent, view: EditorView): boolean {
  const { dataTransfer } = event;
  const { state } = view;
  // The component reads dropped files, and prevents changes where the text is read-only.
  if (dataTransfer === null || dataTransfer.files.length > 0 || state.readOnly) return false;
  const own = state.field(dragged);
  const text = easysync.plain(dataTransfer.getData("Text"));
  const lines =
    own !== null
      ? copied(state, own)
      : (read(dataTransfer.getData("text/html")) ?? plainLines(text));
  const place = view.posAtCoords({ x: event.clientX, y: event.clientY }, false);
  const done = dropping(state, lines, place, own !== null && !copies(event) ? own : null);
  event.preventDefault();
  view.focus();
  view.dispatch(...(done === null ? [] : [done]), { effects: setDragged.of(null) });
  return true;
}

export const dragging: Extension = [
  dragged,
  EditorView.domEventObservers({
    dragstart(event, view) {
      const { state } = view;
      const { from, to, empty } = state.selection.main;
      if (empty) return;
      event.dataTransfer?.setData("text/html", htmlOf(copied(state)));
      view.dispatch({ effects: setDragged.of({ from, to }) });
    },
    dragend(_event, view) {
      view.dispatch({ effects: setDragged.of(null) });
    },
  }),
  EditorView.domEventHandlers({ drop }),
];
