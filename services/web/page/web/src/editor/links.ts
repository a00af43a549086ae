/**
 * Links in the text. Where people write, a click puts the cursor into the link. It is opened by a
 * click with Ctrl or Cmd held, by a key, or from the tooltip that appears while the cursor is in
 * it.
 */
import {
  type EditorState,
  type Extension,
  Prec,
  RangeSetBuilder,
  StateField,
} from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  type KeyBinding,
  keymap,
  showTooltip,
  type Tooltip,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";

import { type Link, linksIn, LONGEST, placeOf } from "../text/links.js";
import { write } from "../words/page.js";

/**
 * The `rel` of links, which keeps this page's address and window from the page that a link leads
 * to.
 */
export const RELATION = "noopener noreferrer nofollow";

/** Returns an element for a link, with `children` in it. */
export function anchor(href: string, ...children: (Node | string)[]): HTMLAnchorElement {
  const element = document.createElement("a");
  element.href = href;
  element.target = "_blank";
  element.rel = RELATION;
  element.append(...children);
  return element;
}

/**
 * Yields the links that touch `[from, to)`, a range within one line, in positions of the document.
 */
function* linksBetween(state: EditorState, from: number, to: number): Generator<Link> {
  const line = state.doc.lineAt(from);
  // In a very long line, only the visible part is searched, plus the length of a link on either
  // side.
  const start = Math.max(line.from, from - LONGEST);
  const text = state.sliceDoc(start, Math.min(line.to, to + LONGEST));
  for (const link of linksIn(text)) {
    if (start + link.to < from) continue;
    if (start + link.from > to) return;
    yield { from: start + link.from, to: start + link.to, href: link.href };
  }
}

/** Returns the link that the cursor is in, or at the end of. */
export function linkAtCursor(state: EditorState): Link | null {
  const { head, empty } = state.selection.main;
  if (!empty) return null;
  for (const link of linksBetween(state, head, head)) return link;
  return null;
}

class Links {
  decorations: DecorationSet;

  constructor(view: EditorView) {
    this.decorations = this.found(view);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged || update.viewportChanged) this.decorations = this.found(update.view);
  }

  private found({ state, visibleRanges }: EditorView): DecorationSet {
    const builder = new RangeSetBuilder<Decoration>();
    let last = 0;
    for (const range of visibleRanges) {
      for (let at = range.from; at <= range.to;) {
        const line = state.doc.lineAt(at);
        const end = Math.min(line.to, range.to);
        for (const { from, to, href } of linksBetween(state, at, end)) {
          if (from < last) continue;
          last = to;
          const attributes = { href, target: "_blank", rel: RELATION, draggable: "false" };
          builder.add(from, to, Decoration.mark({ tagName: "a", class: "link", attributes }));
        }
        at = line.to + 1;
      }
    }
    return builder.finish();
  }
}

function open(href: string): void {
  window.open(href, "_blank", "noopener,noreferrer");
}

const clicks = EditorView.domEventHandlers({
  click(event, view) {
    const link = (event.target as Element).closest?.<HTMLAnchorElement>("a.link");
    if (!link || !view.contentDOM.isContentEditable) return false;
    if (!event.ctrlKey && !event.metaKey && !view.state.readOnly) return false;
    event.preventDefault();
    open(link.href);
    return true;
  },
});

const hint = StateField.define<Tooltip | null>({
  create: hintFor,
  update: (shown, tr) => (tr.docChanged || tr.selection ? hintFor(tr.state, shown) : shown),
  provide: (field) => showTooltip.from(field),
});

const hrefs = new WeakMap<Tooltip, string>();

function hintFor(state: EditorState, shown: Tooltip | null = null): Tooltip | null {
  const link = linkAtCursor(state);
  if (link === null) return null;
  if (shown !== null && shown.pos === link.from && hrefs.get(shown) === link.href) return shown;
  const tooltip: Tooltip = {
    pos: link.from,
    above: false,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "link-hint";
      const opener = anchor(link.href);
      opener.dataset["keys"] = "Mod-Enter";
      write(opener, "open-link", { place: placeOf(link.href) });
      dom.append(opener);
      return { dom };
    },
  };
  hrefs.set(tooltip, link.href);
  return tooltip;
}

/** Opens the link at the cursor. */
function openLink({ state }: EditorView): boolean {
  const link = linkAtCursor(state);
  if (link === null) return false;
  open(link.href);
  return true;
}

const linkKeys: KeyBinding[] = [
  { key: "Mod-Enter", run: openLink },
  { key: "Alt-Enter", run: openLink },
];

/** Shows links in the text. Where people write, a click opens them only with Ctrl or Cmd held. */
export const links: Extension = Prec.high([
  ViewPlugin.fromClass(Links, { decorations: (plugin) => plugin.decorations }),
  clicks,
]);

/**
 * Shows links in an editor with a cursor, with the tooltip and the keys that open the link at the
 * cursor.
 */
export const linksToOpen: Extension = [links, hint, Prec.high(keymap.of(linkKeys))];
