/** Find and replace, over the whole text and not just what of it is on the screen. */
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

/** Opens the panel, or closes it. */
export const toggleFind: Command = (view) => {
  if (!searchPanelOpen(view.state)) return openFind(view);
  return closeSearchPanel(view);
};

const searchKeys: KeyBinding[] = [
  { key: "Mod-f", run: openFind, scope: "editor search-panel", preventDefault: true },
  { key: "F3", run: findNext, shift: findPrevious, scope: "editor search-panel" },
  { key: "Escape", run: closeSearchPanel, scope: "editor search-panel" },
];

/** What the component says aloud, in the page's language. */
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
