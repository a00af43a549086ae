"use strict";

/** The line in the settings panel that shows how many changes have come in how many messages. */

/** The time between two updates of the line, in ms. Nobody reads faster. */
const PAUSE = 500;

/** @typedef {import('./batches').Counts} Counts */

/**
 * Returns a function that shows counts, at most once per `PAUSE`.
 *
 * @param {object} place
 * @param {() => {textContent: string | null} | null} place.line Returns the element, or null before
 *     it exists.
 * @param {(counts: Counts) => string} place.words Returns the text in the language of the page.
 * @param {(run: () => void, ms: number) => unknown} place.later Like `setTimeout`.
 * @returns {(counts: Counts) => void} The function to call with the newest counts, however often.
 */
const figures = ({ line, words, later }) => {
  /** @type {Counts | null} */
  let newest = null;
  const show = () => {
    const element = line();
    if (element !== null && newest !== null) element.textContent = words(newest);
    newest = null;
  };
  return (counts) => {
    if (newest === null) later(show, PAUSE);
    newest = counts;
  };
};

module.exports = { PAUSE, figures };
