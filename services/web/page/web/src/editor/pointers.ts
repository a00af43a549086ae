/**
 * Draws other people's cursors and selections over the text, in separate layers. So they interfere
 * neither with typing and composing nor with screen readers.
 */
import {
  EditorSelection,
  type Extension,
  type SelectionRange,
  StateEffect,
  StateField,
} from "@codemirror/state";
import { type EditorView, layer, type LayerMarker, RectangleMarker } from "@codemirror/view";

import { authorClass } from "./colors.js";

/** Another person's cursor, in positions of the document. */
export interface Pointer {
  author: string;
  name: string;
  anchor: number;
  head: number;
  /** Whether the cursor has just moved, and therefore shows the name. */
  fresh: boolean;
}

/** Replaces all cursors. */
export const setPointers = StateEffect.define<readonly Pointer[]>();

const pointers = StateField.define<readonly Pointer[]>({
  create: () => [],
  update(had, tr) {
    for (const effect of tr.effects) if (effect.is(setPointers)) return effect.value;
    if (!tr.docChanged || had.length === 0) return had;
    // These positions hold until the library reports the exact ones a moment later.
    return had.map((pointer) => ({
      ...pointer,
      anchor: tr.changes.mapPos(pointer.anchor, -1),
      head: tr.changes.mapPos(pointer.head, -1),
    }));
  },
});

/** A caret with a flag that shows the name of its author. */
class Caret implements LayerMarker {
  constructor(
    private readonly place: RectangleMarker,
    private readonly pointer: Pointer,
  ) {}

  eq(other: Caret): boolean {
    const { author, name, fresh } = this.pointer;
    return (
      this.place.eq(other.place) &&
      author === other.pointer.author &&
      name === other.pointer.name &&
      fresh === other.pointer.fresh
    );
  }

  draw(): HTMLElement {
    const caret = this.place.draw();
    // The style sheet shows the name, since it is not part of the text and must not be read out.
    caret.dataset["name"] = this.pointer.name;
    if (this.place.top < 24) caret.classList.add("low");
    return caret;
  }
}

/** Returns the cursors and selections that are partly visible, limited to the document. */
function inSight(view: EditorView): { pointer: Pointer; range: SelectionRange }[] {
  const { from, to } = view.viewport;
  const end = view.state.doc.length;
  return view.state
    .field(pointers)
    .map((pointer) => {
      const { anchor, head } = pointer;
      return { pointer, range: EditorSelection.range(Math.min(anchor, end), Math.min(head, end)) };
    })
    .filter(({ range }) => range.to >= from && range.from <= to);
}

function selections(view: EditorView): LayerMarker[] {
  return inSight(view)
    .filter(({ range }) => !range.empty)
    .flatMap(({ pointer, range }) =>
      RectangleMarker.forRange(view, `their-selection ${authorClass(pointer.author)}`, range),
    );
}

function carets(view: EditorView): LayerMarker[] {
  const { from, to } = view.viewport;
  return inSight(view)
    .filter(({ range }) => range.head >= from && range.head <= to)
    .flatMap(({ pointer, range }) => {
      const look = `their-caret ${authorClass(pointer.author)}${pointer.fresh ? " fresh" : ""}`;
      const places = RectangleMarker.forRange(view, look, EditorSelection.cursor(range.head));
      return places.map((place) => new Caret(place, pointer));
    });
}

function drawn(name: string, markers: (view: EditorView) => LayerMarker[]): Extension {
  return layer({
    above: true,
    class: name,
    markers,
    update: (update) =>
      update.docChanged ||
      update.viewportChanged ||
      update.geometryChanged ||
      update.startState.field(pointers) !== update.state.field(pointers),
  });
}

export const pointing: Extension = [
  pointers,
  drawn("their-selections", selections),
  drawn("their-cursors", carets),
];
