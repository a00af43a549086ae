/**
 * The others' cursors and selections: drawn over the text, in a layer of their own. So they never
 * are in the way of what is typed or composed, nor of what is read out.
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

/** Somebody's cursor, in positions of the document. */
export interface Pointer {
  author: string;
  name: string;
  anchor: number;
  head: number;
  /** Whether it has just moved, so that it shows the name. */
  fresh: boolean;
}

/** All there are, instead of those before. */
export const setPointers = StateEffect.define<readonly Pointer[]>();

const pointers = StateField.define<readonly Pointer[]>({
  create: () => [],
  update(had, tr) {
    for (const effect of tr.effects) if (effect.is(setPointers)) return effect.value;
    if (!tr.docChanged || had.length === 0) return had;
    // Until the library says where they are now, which is in a moment.
    return had.map((pointer) => ({
      ...pointer,
      anchor: tr.changes.mapPos(pointer.anchor, -1),
      head: tr.changes.mapPos(pointer.head, -1),
    }));
  },
});

/** A caret with a flag that says whose it is. */
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
    // The name is the style sheet's to show: it is no part of the text, for nobody.
    caret.dataset["name"] = this.pointer.name;
    if (this.place.top < 24) caret.classList.add("low");
    return caret;
  }
}

/** Cursors of which something is in sight, within the document. */
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
