/** How attributes are shown: formats and author colours on text, bullets for list markers. */
import { type Extension, type Range, RangeSet, type Text } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";

import { authorClass } from "./colors.js";
import { hasMarker, listAt, lookOf, type Source, source } from "./source.js";

/** Lines that are looked at to find out the number of a list item. */
const LOOKBACK = 500;

class Bullet extends WidgetType {
  constructor(readonly label: string) {
    super();
  }

  override eq(other: Bullet): boolean {
    return other.label === this.label;
  }

  override toDOM(): HTMLElement {
    const mark = document.createElement("span");
    mark.className = "bullet";
    mark.textContent = this.label;
    return mark;
  }
}

const marks = new Map<string, Decoration>();

function markOf(classes: string): Decoration {
  let mark = marks.get(classes);
  if (mark === undefined) marks.set(classes, (mark = Decoration.mark({ class: classes })));
  return mark;
}

function level(list: string): number {
  return Math.min(Math.max(Number(/\d+$/.exec(list)?.[0] ?? 1), 1), 8);
}

function label(from: Source, doc: Text, line: number, list: string): string {
  if (!list.startsWith("number")) return ["•", "◦", "▪"][(level(list) - 1) % 3] as string;
  let count = 1;
  for (let before = line - 1; before >= 1 && line - before < LOOKBACK; before -= 1) {
    const other = listAt(from, doc.line(before).from);
    if (other === null || level(other) < level(list)) break;
    if (other === list) count += 1;
  }
  return `${count}.`;
}

class Painting {
  decorations: DecorationSet = Decoration.none;
  markers: DecorationSet = Decoration.none;

  constructor(view: EditorView) {
    this.paint(view);
  }

  update(update: ViewUpdate): void {
    // Attributes change without the document, so any transaction may be about them. Only what is
    // in sight is painted, whatever the length of the pad.
    if (update.transactions.length > 0 || update.viewportChanged) this.paint(update.view);
  }

  private paint(view: EditorView): void {
    const from = view.state.facet(source);
    const { doc } = view.state;
    const painted: Range<Decoration>[] = [];
    const markers: Range<Decoration>[] = [];
    for (const range of view.visibleRanges) {
      const first = doc.lineAt(range.from).number;
      const last = doc.lineAt(range.to).number;
      for (let number = first; number <= last; number += 1) {
        const line = doc.line(number);
        if (!hasMarker(from, line.from)) continue;
        const list = listAt(from, line.from);
        const widget = list === null ? undefined : new Bullet(label(from, doc, number, list));
        if (list !== null) {
          painted.push(Decoration.line({ class: `item level-${level(list)}` }).range(line.from));
        }
        const hidden = Decoration.replace(widget === undefined ? {} : { widget });
        markers.push(hidden.range(line.from, line.from + 1));
      }
      for (const span of from.body.spansBetween(range.from, range.to)) {
        const { author, formats } = lookOf(span.attribs, from.pool);
        const classes = [...formats, ...(author === "" ? [] : ["by", authorClass(author)])];
        if (classes.length > 0) painted.push(markOf(classes.join(" ")).range(span.from, span.to));
      }
    }
    this.markers = RangeSet.of(markers, true);
    this.decorations = RangeSet.of([...painted, ...markers], true);
  }
}

/** Shows what the `source` of the state says. */
export function painting(): Extension {
  return ViewPlugin.fromClass(Painting, {
    decorations: (plugin) => plugin.decorations,
    provide: (plugin) =>
      EditorView.atomicRanges.of((view) => view.plugin(plugin)?.markers ?? Decoration.none),
  });
}
