/** The parts of the page that can wait for a moment: everything around the text. */
import { Prec } from "@codemirror/state";
import { keymap } from "@codemirror/view";
import { parseAddress } from "padfleet-client";

import type { PadEditor } from "./editor/editor.js";
import { linksToOpen } from "./editor/links.js";
import { finding } from "./editor/search.js";
import { Chat } from "./ui/chat.js";
import { CursorTelling } from "./ui/cursors.js";
import { byId } from "./ui/dom.js";
import { stayForFiles, watchForFiles } from "./ui/dropped.js";
import { opening } from "./ui/foreveryone.js";
import type { Page } from "./ui/page.js";
import { Panel } from "./ui/panel.js";
import { Past } from "./ui/past.js";
import { showPeople } from "./ui/people.js";
import { rememberPad } from "./ui/recent.js";
import { showSettings } from "./ui/settings.js";
import { showShortcuts } from "./ui/shortcuts.js";
import { showThisPad } from "./ui/thispad.js";
import { toast } from "./ui/toast.js";
import { Toolbar } from "./ui/toolbar.js";
import { showTrouble } from "./ui/trouble.js";
import { offerUnsent } from "./ui/unsent.js";
import { Who } from "./ui/who.js";
import { say } from "./words/page.js";

export { begin } from "./words/speech.js";

/**
 * Adds the rest of the page. `shown` returns the editor, or null before the pad has arrived. Call
 * it after `begin`.
 */
export async function furnish(page: Page, shown: () => PadEditor | null): Promise<void> {
  const { pad, early, line } = page;
  byId("incomplete").hidden = true;
  showTrouble(pad, line);
  offerUnsent(pad);
  stayForFiles();
  const put = async (): Promise<void> => {
    const editor = shown();
    if (editor === null) return;
    await around(page, editor);
    document.body.classList.add("furnished");
    pad.catchUp();
    early.end();
  };
  // This runs after the listener that shows the editor.
  pad.joined().then(
    () => queueMicrotask(() => void put()),
    () => early.end(), // there are no buttons to press, and the browser handles the keys
  );
}

/** Lets the browser handle what is pending, such as a key stroke. */
function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

async function around(page: Page, editor: PadEditor): Promise<void> {
  const { pad, wishes, nonce, here } = page;
  const { readonly, initialOptions = {} } = pad.vars;
  const { view } = editor;
  const { padId } = parseAddress(here);
  if (!readonly) rememberPad(padId);
  const panel = new Panel();
  const toolbar = new Toolbar(readonly);
  toolbar.attach(view);
  const who = new Who(pad, () => view);
  editor.refused = () => toast(say("edit-refused"));
  if (!readonly) watchForFiles(view.contentDOM, () => toast(say("files-refused")));
  editor.add([finding(), linksToOpen, Prec.high(keymap.of(who.keys))]);
  await breath();
  showPeople(pad);
  showSettings(pad);
  showThisPad(pad, editor, wishes, here, padId);
  who.watch(view);
  await breath();
  const telling = new CursorTelling(pad, view);
  editor.listen((update) => {
    telling.updated(update);
    if (update.transactions.length > 0) toolbar.show(update.state);
  });
  toolbar.show(view.state);
  new Chat(pad, panel);
  const past = new Past(pad, nonce, editor, who);
  await breath();
  showShortcuts(readonly ? null : () => past.save());
  const narrow = matchMedia("(max-width: 640px)").matches;
  const open = opening(initialOptions, wishes, narrow);
  const writing = view.hasFocus;
  if (open !== null) panel.show(open);
  if (writing) view.focus();
  if (wishes.history) past.show(true, wishes.rev);
}
