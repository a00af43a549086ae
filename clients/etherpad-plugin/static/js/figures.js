"use strict";

/** The line in the panel of settings that says how many changes have come in how many messages. */

/** Milliseconds between two looks of the line: nobody reads faster, and a page has other work. */
const PAUSE = 500;

/** @typedef {import('./batches').Counts} Counts */

/**
 * @param {object} place
 * @param {() => {textContent: string | null} | null} place.line The element, once it is there.
 * @param {(counts: Counts) => string} place.words In the language of the page.
 * @param {(run: () => void, ms: number) => unknown} place.later
 * @returns {(counts: Counts) => void} To be told the newest counts, however often.
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
