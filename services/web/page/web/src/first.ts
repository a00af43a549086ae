/**
 * The first script of a pad's page. It is small, and runs before the others have been loaded: it
 * applies the theme, and asks the server for the pad.
 */
import { greeting, newToken, parseAddress } from "padfleet-client";

import "./theme.js";
import { Ahead } from "./ui/ahead.js";
import { myself } from "./ui/myself.js";
import { readWishes } from "./ui/wishes.js";

// These scripts may run in any order. If the page's own was faster, it has connected by itself.
if (window.begun === undefined) {
  const { origin, path, padId } = parseAddress(location.href.replace(/[?#].*/, ""));
  const options = { token: newToken(), ...myself(readWishes(location.search, location.hash)) };
  const url = `${origin.replace("http", "ws")}${path}?padId=${encodeURIComponent(padId)}&EIO=4&transport=websocket`;
  const ready = ["message", greeting(padId, options, options.token)];
  window.begun = { options, ahead: new Ahead(new WebSocket(url), `42${JSON.stringify(ready)}`) };
}
