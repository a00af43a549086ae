/**
 * Returns a generator of the same numbers for the same seed, so that a failure can be reproduced.
 */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state >>> 4) & 0xffffff) % below;
  };
}
