/** The page of a pad: joins, and puts its parts together. */
import type { EditorState } from "@codemirror/state";
import { Pad, parseAddress } from "padfleet-client";

import english from "../words/en.ftl";
import { PadEditor } from "./editor/editor.js";
import { Chat } from "./ui/chat.js";
import { CursorTelling } from "./ui/cursors.js";
import { byId } from "./ui/dom.js";
import { opening } from "./ui/foreveryone.js";
import { Panel } from "./ui/panel.js";
import { myself, showPeople } from "./ui/people.js";
import { Past } from "./ui/past.js";
import { rememberPad } from "./ui/recent.js";
import { showSettings } from "./ui/settings.js";
import { showShortcuts } from "./ui/shortcuts.js";
import { showStatus } from "./ui/status.js";
import { showThisPad } from "./ui/thispad.js";
import { Toolbar } from "./ui/toolbar.js";
import { Who } from "./ui/who.js";
import { BrowserDrafts, offerUnsent } from "./ui/unsent.js";
import { readWishes } from "./ui/wishes.js";
import { begin } from "./words/page.js";

// Browsers hide the nonce from what reads the page's text, but not from its own code.
const nonce = byId<HTMLScriptElement>("page").nonce;
const here = location.href.replace(/[?#].*/, "");

await begin(english);
let editor: PadEditor | null = null;

const wishes = readWishes(location.search, location.hash);
for (const [part, there] of Object.entries({
  tools: wishes.tools,
  menu: wishes.menu,
  chat: wishes.chat,
}))
  document.body.classList.toggle(`without-${part}`, !there);
const pad = new Pad(here, { ...myself(wishes), drafts: new BrowserDrafts() });
offerUnsent(pad);
const renewStatus = showStatus(pad, () => editor?.same() ?? false);

pad.on("joined", (variables) => {
  const { padId } = parseAddress(here);
  if (!variables.readonly) rememberPad(padId);
  const panel = new Panel();
  const toolbar = new Toolbar(variables.readonly);
  const change = (state: EditorState): void => toolbar.show(state);
  let telling: CursorTelling | null = null;
  const who = new Who(pad, () => shown.view);
  const shown = new PadEditor(byId("editor"), pad, nonce, change, renewStatus, who.keys, (update) =>
    telling?.updated(update),
  );
  editor = shown;
  renewStatus();
  toolbar.attach(shown.view);
  toolbar.show(shown.view.state);
  if (variables.readonly) {
    document.body.classList.add("read-only");
    byId("read-only").hidden = false;
    shown.lock(true);
  }
  pad.on("status", (now) => {
    if (now.state === "ended") shown.lock(true);
  });
  showPeople(pad);
  showSettings(pad);
  showThisPad(pad, shown, wishes, here, padId);
  who.watch(shown.view);
  telling = new CursorTelling(pad, shown.view);
  new Chat(pad, panel);
  const past = new Past(pad, nonce, shown, who);
  showShortcuts(variables.readonly ? null : () => past.save());
  document.body.classList.add("ready");
  const narrow = matchMedia("(max-width: 640px)").matches;
  const open = opening(variables.initialOptions ?? {}, wishes, narrow);
  if (open !== null) panel.show(open);
  if (wishes.line !== null) shown.goToLine(wishes.line);
  if (wishes.history) past.show(true, wishes.rev);
  else if (!variables.readonly && matchMedia("(hover: hover)").matches) shown.view.focus();
});
