/** Shows attributes: formats and author colours on text, and labels for list markers. */
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
import { DEEPEST, HEADINGS } from "./lists.js";
import { isCounted, marksBetween, numbersOf } from "./numbers.js";
import { listOf, lookOf, type Mark, source } from "./source.js";

/**
 * How many lines above the visible ones are searched for the beginning of a list, in order to
 * number its items.
 */
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
    mark.className = "label-of-item";
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

const BULLETS = ["•", "◦", "▪"] as const;

/** Returns the label that is shown in place of a line's marker. */
function label(mark: Mark, number: number): string {
  const list = listOf(mark);
  if (list === null || list.kind === "indent") return "";
  return list.kind === "number" ? `${number}.` : (BULLETS[(list.level - 1) % 3] as string);
}

/** Returns how a line with the marker `mark` is shown, or null if like any other. */
function lineOf(mark: Mark): Decoration | null {
  const list = listOf(mark);
  const classes =
    list === null ? [] : ["item", list.kind, `level-${Math.min(list.level, DEEPEST)}`];
  const heading = (HEADINGS as readonly string[]).indexOf(mark.heading) + 1;
  if (heading > 0) classes.push("heading", mark.heading);
  if (classes.length === 0) return null;
  const spec = heading > 0 ? { role: "heading", "aria-level": String(heading) } : {};
  return Decoration.line({ class: classes.join(" "), attributes: spec });
}

/**
 * Returns the numbers of the lines from `first` to `last`, even if their list begins further up.
 */
function numbers(
  marks: ReadonlyMap<number, Mark>,
  doc: Text,
  first: number,
  last: number,
): number[] {
  const markOf = (line: number): Mark | null => marks.get(doc.line(line).from) ?? null;
  let start = first;
  while (start > 1 && first - start < LOOKBACK && isCounted(markOf(start - 1))) start -= 1;
  const lines = Array.from({ length: last - start + 1 }, (_, index) => markOf(start + index));
  return numbersOf(lines, ({ start: own }) => (/^\d{1,9}$/.test(own) ? Number(own) : 1)).slice(
    first - start,
  );
}

class Painting {
  decorations: DecorationSet = Decoration.none;
  markers: DecorationSet = Decoration.none;

  constructor(view: EditorView) {
    this.paint(view);
  }

  update(update: ViewUpdate): void {
    // Attributes change without the document, so any transaction may affect them. Only the visible
    // part is painted, however long the pad is.
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
      const above = doc.line(Math.max(first - LOOKBACK, 1)).from;
      const marks = marksBetween(from, above, doc.line(last).to);
      const counts = marks.size === 0 ? [] : numbers(marks, doc, first, last);
      for (const [index, count] of counts.entries()) {
        const line = doc.line(first + index);
        const mark = marks.get(line.from);
        if (mark === undefined) continue;
        const shown = lineOf(mark);
        if (shown !== null) painted.push(shown.range(line.from));
        const words = label(mark, count);
        const hidden = Decoration.replace(words === "" ? {} : { widget: new Bullet(words) });
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

/** Shows the attributes of the state's `source`. */
export function painting(): Extension {
  return ViewPlugin.fromClass(Painting, {
    decorations: (plugin) => plugin.decorations,
    provide: (plugin) =>
      EditorView.atomicRanges.of((view) => view.plugin(plugin)?.markers ?? Decoration.none),
  });
}
