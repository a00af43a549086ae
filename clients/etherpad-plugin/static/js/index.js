"use strict";

/**
 * The plugin's part in the pages of the pad and of the timeslider, which shows a pad's history.
 *
 * Both pages load their plugins before they connect, and connect with the same module. Therefore
 * that module is changed as soon as this one is loaded. Only the pad's page has a hook between the
 * creation of its socket and the first message, and that hook is meant for Etherpad's tests.
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
  // The error goes to the page's own error handler, like any error that a listener throws.
  report: (error) => {
    setTimeout(() => {
      throw error;
    });
  },
  later: setTimeout,
});

if (!taught) {
  console.warn(
    "ep_padfleet: this Etherpad makes its socket in a way that the plugin does not know, " +
      "so changes come one by one; see whether there is a newer version of the plugin",
  );
}

// Etherpad only loads modules with hooks. These have nothing left to do.
exports.documentReady = () => {};
exports.postTimesliderInit = () => {};
