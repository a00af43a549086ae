/** Plays twenty thousand random steps of several people's editors; `make fuzz` plays many more. */
import { test } from "node:test";

import { playRound } from "./model.js";

const STEPS = 20_000;

test("editors and pad are the same after each of so many steps", () => {
  let seed = Number(process.env["FUZZ_SEED"] ?? 1);
  for (let steps = 0; steps < STEPS; seed += 1) steps += playRound(seed);
});
