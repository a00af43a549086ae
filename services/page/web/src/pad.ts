/** The page of a pad: joins, and puts its parts together. */
import { Pad, parseAddress } from "padfleet-client";

import { PadEditor } from "./editor/editor.js";
import { Chat } from "./ui/chat.js";
import { byId } from "./ui/dom.js";
import { Panel } from "./ui/panel.js";
import { myself, showPeople } from "./ui/people.js";
import { Past } from "./ui/past.js";
import { rememberPad } from "./ui/recent.js";
import { showSettings } from "./ui/settings.js";
import { showStatus } from "./ui/status.js";
import { Toolbar } from "./ui/toolbar.js";

// Browsers hide the nonce from what reads the page's text, but not from its own code.
const nonce = byId<HTMLScriptElement>("page").nonce;
const here = location.href.replace(/[?#].*/, "");

const pad = new Pad(here, myself());
showStatus(pad);

pad.on("joined", (variables) => {
  const { padId } = parseAddress(here);
  if (!variables.readonly) rememberPad(padId);
  const panel = new Panel();
  const toolbar = new Toolbar();
  const editor = new PadEditor(byId("editor"), pad, nonce, (state) => toolbar.show(state));
  toolbar.attach(editor.view);
  toolbar.show(editor.view.state);
  if (variables.readonly) {
    document.body.classList.add("read-only");
    byId("title").append(" (read only)");
    editor.lock(true);
  }
  pad.on("status", (now) => {
    if (now.state === "ended") editor.lock(true);
  });
  showPeople(pad);
  showSettings(pad);
  new Chat(pad, panel);
  new Past(pad, nonce, () => editor.view.focus());
  document.body.classList.add("ready");
  if (!variables.readonly && matchMedia("(hover: hover)").matches) editor.view.focus();
});
