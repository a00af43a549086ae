/** Compares with all results that were recorded from Etherpad's own engine. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import {
  applyToAText,
  applyToText,
  type AText,
  AttributePool,
  checkRep,
  compose,
  EasysyncError,
  follow,
  inverse,
  makeSplice,
  moveToPool,
  type PoolJson,
  prepareForWire,
  splitAttributionLines,
} from "../src/easysync/index.js";

const FILE = new URL("../../../../../tests/data/easysync-vectors.jsonl.gz", import.meta.url);

interface Submission {
  base_rev: number;
  cs: string;
  rebased: string;
}

// The fields of a case depend on its op, and only the op's runner knows them, so they are not typed
// here.
type Case = Record<string, any> & { op: string };

const pool = (json: PoolJson): AttributePool => AttributePool.from(json);

function refused(run: () => unknown): void {
  assert.throws(run, EasysyncError);
}

const RUNNERS: Record<string, (c: Case) => void> = {
  check_rep(c) {
    if (c.valid) assert.equal(checkRep(c.cs), c.cs);
    else refused(() => checkRep(c.cs));
  },
  apply_to_text(c) {
    if (c.error) refused(() => applyToText(c.cs, c.text));
    else assert.equal(applyToText(c.cs, c.text), c.result);
  },
  apply_to_atext: (c) => assert.deepEqual(applyToAText(c.cs, c.atext, pool(c.pool)), c.result),
  compose: (c) => assert.equal(compose(c.cs1, c.cs2, pool(c.pool)), c.result),
  follow: (c) => assert.equal(follow(c.cs1, c.cs2, pool(c.pool), c.reverse_insert_order), c.result),
  inverse: (c) => assert.equal(inverse(c.cs, c as unknown as AText, pool(c.pool)), c.result),
  split_attribution_lines: (c) =>
    assert.deepEqual(splitAttributionLines(c as unknown as AText), c.result),
  make_splice(c) {
    const numbers = c.pool === undefined ? undefined : pool(c.pool);
    assert.equal(makeSplice(c.text, c.start, c.ndel, c.ins, c.attribs ?? "", numbers), c.result);
  },
  move_ops_to_new_pool(c) {
    const to = pool(c.to_pool);
    assert.equal(moveToPool(c.cs, pool(c.from_pool), to), c.result.cs);
    assert.deepEqual(to.toJSON(), pool(c.result.to_pool).toJSON());
  },
  prepare_for_wire(c) {
    const got = prepareForWire(c.cs, pool(c.pool));
    assert.equal(got.translated, c.result.translated);
    assert.deepEqual(got.pool.toJSON(), pool(c.result.pool).toJSON());
  },
  commit_sequence(c) {
    const numbers = pool(c.pool_before);
    const numbering = pool(c.pool_after);
    let atext: AText = c.atext;
    const revisions: string[] = [];
    for (const { base_rev, cs, rebased } of c.submissions as Submission[]) {
      let mine = moveToPool(checkRep(cs), numbering, numbers);
      for (const later of revisions.slice(base_rev)) mine = follow(later, mine, numbers);
      assert.equal(mine, rebased);
      atext = applyToAText(mine, atext, numbers);
      revisions.push(mine);
    }
    assert.deepEqual(atext, c.result);
    assert.deepEqual(numbers.toJSON(), numbering.toJSON());
  },
};

const cases = gunzipSync(readFileSync(FILE))
  .toString()
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Case);

test("there are 4,080 recorded results, of each kind some", () => {
  assert.equal(cases.length, 4080);
  assert.deepEqual(new Set(cases.map((c) => c.op)), new Set(Object.keys(RUNNERS)));
});

for (const [op, run] of Object.entries(RUNNERS)) {
  test(`${op} gives what Etherpad's engine gives`, () => {
    for (const one of cases) {
      if (one.op !== op) continue;
      try {
        run(one);
      } catch (error) {
        throw new Error(`${JSON.stringify(one).slice(0, 600)}: ${String(error)}`, { cause: error });
      }
    }
  });
}
