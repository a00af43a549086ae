/** The dialog about the pad as a whole. */
import type { EditorView } from "@codemirror/view";
import type { Pad } from "padfleet-client";

import { withoutAuthors } from "../editor/authorship.js";
import type { PadEditor } from "../editor/editor.js";
import { exactEdit } from "../editor/exact.js";
import { source } from "../editor/source.js";
import { say, write } from "../words/page.js";
import { ask, opens } from "./ask.js";
import { offerDeletion } from "./deletion.js";
import { byId } from "./dom.js";
import { showExports, takeImports } from "./exchange.js";
import { showSettingsForAll } from "./foreveryone.js";
import { toast } from "./toast.js";
import type { Wishes } from "./wishes.js";

/** Removes the authors from the selection, or from all of the text. */
function clearColors(view: EditorView): void {
  const { empty, from, to } = view.state.selection.main;
  const on = view.state.facet(source);
  const changeset = empty
    ? withoutAuthors(on, 0, on.body.text.length)
    : withoutAuthors(on, from, to);
  const edit = exactEdit(view.state, changeset, "format");
  if (edit !== null) view.dispatch(edit);
  toast(say(edit === null ? "clear-none" : "cleared"));
}

/** Sets up the dialog. `address` is the pad's address and `name` its name. */
export function showThisPad(
  pad: Pad,
  editor: PadEditor,
  wishes: Wishes,
  address: string,
  name: string,
): void {
  const { view } = editor;
  const dialog = opens("pad-button", "pad-dialog");
  for (const part of dialog.querySelectorAll<HTMLElement>(".for-writers")) {
    part.hidden = pad.readOnly;
  }
  showExports(pad, address);
  takeImports(address);
  showSettingsForAll(pad, wishes, editor);
  offerDeletion(pad, name);

  const clear = byId("clear-colors");
  byId("pad-button").addEventListener("click", () => {
    const { empty } = view.state.selection.main;
    write(clear, empty ? "clear-all" : "clear-selection");
  });
  clear.addEventListener("click", () => {
    const done = (): void => {
      clearColors(view);
      dialog.close();
      view.focus();
    };
    if (!view.state.selection.main.empty) return done();
    void ask("clear-ask").then((wanted) => {
      if (wanted) done();
    });
  });
}
