"use strict";

const assert = require("node:assert/strict");
const { it } = require("node:test");
const { PAUSE, figures } = require("../static/js/figures");

/** @param {{textContent: string | null} | null} element */
const place = (element) => {
  /** @type {{run: () => void, ms: number}[]} */
  const waiting = [];
  return {
    waiting,
    tell: figures({
      line: () => element,
      words: ({ changes, messages }) => `${changes} in ${messages}`,
      later: (run, ms) => waiting.push({ run, ms }),
    }),
  };
};

it("shows the newest counts, once for all that came meanwhile", () => {
  const element = { textContent: /** @type {string | null} */ (null) };
  const { tell, waiting } = place(element);
  tell({ changes: 1, messages: 1 });
  tell({ changes: 4, messages: 2 });
  assert.deepEqual(
    waiting.map(({ ms }) => ms),
    [PAUSE],
  );
  waiting.pop()?.run();
  assert.equal(element.textContent, "4 in 2");
  tell({ changes: 5, messages: 3 });
  waiting.pop()?.run();
  assert.equal(element.textContent, "5 in 3");
});

it("does nothing where there is no line, as in the timeslider", () => {
  const { tell, waiting } = place(null);
  tell({ changes: 1, messages: 1 });
  waiting.pop()?.run();
  assert.equal(waiting.length, 0);
});
