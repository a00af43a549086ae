"use strict";

/** The plugin's part in Etherpad's server, which passes its settings on to the pages. */

const { readSettings, metaOf } = require("./shown");

let { shown } = readSettings(undefined);

/** @typedef {{content: string}} Block A part of a page that is being rendered. */

/**
 * @param {string} _name The name of the hook.
 * @param {{settings: {ep_padfleet?: unknown}}} context
 */
exports.loadSettings = async (_name, { settings }) => {
  const read = readSettings(settings.ep_padfleet);
  shown = read.shown;
  for (const fault of read.faults) console.warn(`ep_padfleet: ${fault}`);
};

/**
 * @param {string} _name
 * @param {Block} block
 */
const tellPage = (_name, block) => {
  block.content += metaOf(shown);
};

exports.eejsBlock_htmlHead = tellPage;
exports.eejsBlock_timesliderScripts = tellPage;

/**
 * @param {string} _name
 * @param {Block} block
 */
exports.eejsBlock_mySettings = (_name, block) => {
  if (shown.figures) block.content += '<p id="ep_padfleet_figures" role="status"></p>\n';
};
