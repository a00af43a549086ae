/** Gives each line the direction of its own letters, independent of other lines and of the page. */
import { type Extension, Facet, Prec, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";

const AUTO = Decoration.line({ attributes: { dir: "auto" } });
const RIGHT_TO_LEFT = Decoration.line({ attributes: { dir: "rtl" } });

const fixed = Facet.define<boolean, boolean>({ combine: (given) => given.includes(true) });

/** Shows all lines from right to left, whatever they contain. */
export const rightToLeft: Extension = fixed.of(true);

function decorate(view: EditorView): DecorationSet {
  const direction = view.state.facet(fixed) ? RIGHT_TO_LEFT : AUTO;
  const made = new RangeSetBuilder<Decoration>();
  for (const { from, to } of view.visibleRanges) {
    for (let at = from; at <= to;) {
      const line = view.state.doc.lineAt(at);
      made.add(line.from, line.from, direction);
      at = line.to + 1;
    }
  }
  return made.finish();
}

const byLine = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = decorate(view);
    }

    update(update: ViewUpdate): void {
      const turned = update.startState.facet(fixed) !== update.state.facet(fixed);
      if (update.docChanged || update.viewportChanged || turned) {
        this.decorations = decorate(update.view);
      }
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

export const directions: Extension = [
  EditorView.perLineTextDirection.of(true),
  Prec.lowest(byLine),
];
