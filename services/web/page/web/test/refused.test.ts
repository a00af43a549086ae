import assert from "node:assert/strict";
import { test } from "node:test";

import { importFault } from "../src/ui/exchange.js";

const PROXY = "<html><body><h1>in its own words</h1></body></html>";

const CASES: [status: number, body: string, message: string, why: string][] = [
  [400, '{"code":1,"message":"padHasData","data":{}}', "import-has-data", ""],
  [400, '{"code":1,"message":"uploadFailed","data":{"reason":"x"}}', "import-not-read", "x"],
  [503, '{"code":1,"message":"uploadFailed","data":{"reason":"x"}}', "import-busy", "x"],
  [413, PROXY, "import-too-large", ""],
  [502, PROXY, "import-not-now", ""],
  [503, PROXY, "import-busy", ""],
  [504, PROXY, "import-not-now", ""],
  [0, "", "import-lost", ""],
  [418, PROXY, "import-other", ""],
];

for (const [status, body, message, why] of CASES) {
  test(`${status} ${body.slice(0, 40)} is ${message}`, () => {
    const [said, , reason] = importFault(status, body);
    assert.deepEqual([said, reason], [message, why]);
  });
}
