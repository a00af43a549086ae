/** Find and replace, which search the whole text and not only the visible part. */
import {
  closeSearchPanel,
  findNext,
  findPrevious,
  openSearchPanel,
  search,
  searchPanelOpen,
} from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { type Command, type KeyBinding, keymap } from "@codemirror/view";

import { say } from "../words/page.js";
import { FindPanel } from "./findpanel.js";

const openFind: Command = (view) => {
  openSearchPanel(view);
  return true;
};

/** Opens or closes the panel. */
export const toggleFind: Command = (view) => {
  if (!searchPanelOpen(view.state)) return openFind(view);
  return closeSearchPanel(view);
};

const searchKeys: KeyBinding[] = [
  { key: "Mod-f", run: openFind, scope: "editor search-panel", preventDefault: true },
  { key: "F3", run: findNext, shift: findPrevious, scope: "editor search-panel" },
  { key: "Escape", run: closeSearchPanel, scope: "editor search-panel" },
];

/** Returns the component's texts for screen readers, in the page's language. */
function phrases(): Record<string, string> {
  return {
    "current match": say("find-current"),
    "on line": say("find-on-line"),
    "replaced match on line $": say("find-replaced-one", { line: "$" }),
    "replaced $ matches": say("find-replaced", { count: "$" }),
  };
}

export function finding(): Extension {
  return [
    EditorState.phrases.of(phrases()),
    keymap.of(searchKeys),
    search({ top: true, literal: true, createPanel: (view) => new FindPanel(view) }),
  ];
}
