"use strict";

/**
 * What `settings.json` says of this plugin, and how the page is told: pure.
 *
 * The page is told by a `<meta>` of words, and not by CLIENT_VARS: those come from the fleet, which
 * knows nothing of Etherpad's settings.
 */

/** The keys that `ep_padfleet` may have in `settings.json`, with what holds without them. */
const DEFAULTS = Object.freeze({
  /** Whether the page says that it understands several changes in one message. */
  batches: true,
  /** Whether the panel of settings has a line on how many changes have come in how many messages. */
  figures: false,
});

/** @typedef {{batches: boolean, figures: boolean}} Shown */

/**
 * @param {unknown} given What stands under `ep_padfleet`; undefined if nothing does.
 * @returns {{shown: Shown, faults: string[]}} What holds, and what is wrong with what was given: each
 *     fault is a sentence, and what it is about is as if it were not there.
 */
const readSettings = (given) => {
  /** @type {Shown} */
  const shown = { ...DEFAULTS };
  /** @type {string[]} */
  const faults = [];
  if (given === undefined) return { shown, faults };
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    faults.push('"ep_padfleet" in settings.json has to be an object, as {"figures": true}');
    return { shown, faults };
  }
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, key)) {
      const known = Object.keys(DEFAULTS).join(", ");
      faults.push(
        `"ep_padfleet" in settings.json has no key ${JSON.stringify(key)}; it has ${known}`,
      );
    } else if (typeof value !== "boolean") {
      faults.push(`"ep_padfleet.${key}" in settings.json has to be true or false`);
    } else {
      shown[/** @type {keyof Shown} */ (key)] = value;
    }
  }
  return { shown, faults };
};

/**
 * @param {Shown} shown
 * @returns {string} The element for the head of a page.
 */
const metaOf = (shown) => {
  const words = Object.entries(shown)
    .filter(([, on]) => on)
    .map(([key]) => key);
  return `<meta name="ep_padfleet" content="${words.join(" ")}">\n`;
};

module.exports = { DEFAULTS, readSettings, metaOf };
