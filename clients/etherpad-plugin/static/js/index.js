"use strict";

/**
 * The plugin's part in the pages: the pad, and the timeslider with which a pad shows its past.
 *
 * Both load their plugins before they connect, and connect by the same module. So it is that module
 * that is taught, when this one is loaded: of the two pages only the pad's has a hook between the
 * making of its socket and its first message, and that one is meant for Etherpad's tests.
 */

const socketio = require("ep_etherpad-lite/static/js/socketio");
const { teachPage } = require("./batches");
const { figures } = require("./figures");

const meta = document.querySelector('meta[name="ep_padfleet"]');
const shown = (meta?.getAttribute("content") ?? "batches").split(" ");

const taught = teachPage(socketio, {
  announce: shown.includes("batches"),
  counted: shown.includes("figures")
    ? figures({
        line: () => document.getElementById("ep_padfleet_figures"),
        words: (counts) => window.html10n.get("ep_padfleet.figures", counts),
        later: setTimeout,
      })
    : () => {},
  // As the browser does with what a listener throws: the page's own handler of faults hears of it.
  report: (error) => {
    setTimeout(() => {
      throw error;
    });
  },
});

if (!taught) {
  console.warn(
    "ep_padfleet: this Etherpad makes its socket in a way that the plugin does not know, " +
      "so changes come one by one; see whether there is a newer version of the plugin",
  );
}

// A module is loaded because it has a hook. There is nothing left to do in it.
exports.documentReady = () => {};
exports.postTimesliderInit = () => {};
