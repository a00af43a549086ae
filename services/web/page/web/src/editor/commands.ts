/** The commands of keys and of the toolbar that change the text. */
import { insertNewline } from "@codemirror/commands";
import type { Extension } from "@codemirror/state";
import { type Command, EditorView, type KeyBinding } from "@codemirror/view";

import { activeFormats, marked, setTyping } from "./changes.js";
import {
  backFromStart,
  indent,
  indentInList,
  newLine,
  toggleHeading,
  toggleList,
} from "./lists.js";
import { type Format, markAt, source } from "./source.js";
import { redo, undo } from "./travel.js";

export function toggleFormat(format: Format): Command {
  return (view) => {
    const { state } = view;
    if (state.readOnly) return false;
    const active = activeFormats(state);
    const on = !active.has(format);
    const { from, to, empty } = state.selection.main;
    if (empty) {
      const chosen = new Set(active);
      if (on) chosen.add(format);
      else chosen.delete(format);
      view.dispatch({ effects: setTyping.of(chosen) });
    } else {
      const attributes = [[format, on ? "true" : ""]] as const;
      view.dispatch({ effects: marked.of({ from, to, attributes }), userEvent: "format" });
    }
    return true;
  };
}

/**
 * Moves from the beginning of a list item to the line above, because the cursor must not stand
 * before the marker.
 */
const passMarker: Command = (view) => {
  const { head, empty } = view.state.selection.main;
  const line = view.state.doc.lineAt(head);
  if (!empty || head !== line.from + 1 || line.from === 0) return false;
  if (markAt(view.state.facet(source), line.from) === null) return false;
  view.dispatch({
    selection: { anchor: line.from - 1 },
    scrollIntoView: true,
    userEvent: "select",
  });
  return true;
};

/** The commands by their names in the page's HTML. Finding is not among them. */
export const DEEDS: Record<string, Command> = {
  bold: toggleFormat("bold"),
  italic: toggleFormat("italic"),
  underline: toggleFormat("underline"),
  strikethrough: toggleFormat("strikethrough"),
  list: toggleList("bullet"),
  numbers: toggleList("number"),
  indent: indent(1),
  outdent: indent(-1),
  undo,
  redo,
};

export const keys: KeyBinding[] = [
  { key: "Mod-b", run: toggleFormat("bold"), preventDefault: true },
  { key: "Mod-i", run: toggleFormat("italic"), preventDefault: true },
  { key: "Mod-u", run: toggleFormat("underline"), preventDefault: true },
  { key: "Mod-Shift-x", run: toggleFormat("strikethrough"), preventDefault: true },
  { key: "Mod-Shift-l", run: toggleList("bullet"), preventDefault: true },
  { key: "Mod-Shift-8", run: toggleList("bullet"), preventDefault: true },
  { key: "Mod-Shift-7", run: toggleList("number"), preventDefault: true },
  { key: "Mod-Alt-1", run: toggleHeading("h1"), preventDefault: true },
  { key: "Mod-Alt-2", run: toggleHeading("h2"), preventDefault: true },
  { key: "Mod-Alt-3", run: toggleHeading("h3"), preventDefault: true },
  { key: "Mod-Alt-4", run: toggleHeading("h4"), preventDefault: true },
  { key: "Enter", run: newLine },
  // The component's default command would copy the indentation of the line before, as for programs.
  { key: "Enter", run: insertNewline, shift: insertNewline },
  { key: "ArrowLeft", run: passMarker },
  { key: "Backspace", run: backFromStart },
  { key: "Tab", run: indentInList(1), shift: indentInList(-1) },
];

const BY_MENU: Record<string, Command> = {
  historyUndo: undo,
  historyRedo: redo,
  formatBold: toggleFormat("bold"),
  formatItalic: toggleFormat("italic"),
  formatUnderline: toggleFormat("underline"),
  formatStrikeThrough: toggleFormat("strikethrough"),
  formatIndent: indent(1),
  formatOutdent: indent(-1),
  insertOrderedList: toggleList("number"),
  insertUnorderedList: toggleList("bullet"),
};

/**
 * Handles what is requested from the browser's menus or by gestures instead of keys. Formats that
 * pads do not have are not made, for the browser would only make them on the screen.
 */
export const byMenu: Extension = EditorView.domEventHandlers({
  beforeinput({ inputType }, view) {
    BY_MENU[inputType]?.(view);
    return inputType in BY_MENU || inputType.startsWith("format");
  },
});
