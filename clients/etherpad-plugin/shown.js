"use strict";

/**
 * Reads this plugin's settings in `settings.json`, and passes them to the page. It is pure.
 *
 * The page gets them as words in a `<meta>` element instead of in CLIENT_VARS, which come from the
 * fleet, and the fleet does not know Etherpad's settings.
 */

/** The keys that `ep_padfleet` may have in `settings.json`, with their defaults. */
const DEFAULTS = Object.freeze({
  /** Whether the page announces that it understands several changes, or people, in one message. */
  batches: true,
  /** Whether the settings panel shows how many changes have come in how many messages. */
  figures: false,
});

/** @typedef {{batches: boolean, figures: boolean}} Shown */

/**
 * Reads the settings. Invalid entries are ignored and reported.
 *
 * @param {unknown} given The value of `ep_padfleet`; undefined if the file does not contain it.
 * @returns {{shown: Shown, faults: string[]}} The settings in effect, and a sentence about each
 *     invalid entry.
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
 * Returns the settings as HTML.
 *
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
