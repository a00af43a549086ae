/**
 * Plays rounds of model.ts: node --import tsx web/test/steps.ts SEED STEPS.
 * The result is printed as a line of JSON. Each failure includes the seed that reproduces it, with
 * STEPS as 1.
 */
import { Failure, playRound } from "./model.js";

const [seed = 1, wanted = 250] = process.argv.slice(2).map(Number);
const failures: string[] = [];
let steps = 0;
let rounds = 0;
while (steps < wanted && failures.length < 5) {
  try {
    steps += playRound(seed + rounds);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    steps += error.step + 1;
    failures.push(error.message);
  }
  rounds += 1;
}
console.log(JSON.stringify({ seed, steps, rounds, failures }));
