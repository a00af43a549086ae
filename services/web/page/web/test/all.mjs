// Runs all tests of the page and its client in one process. `node --test` would start one for each
// file, and each would compile the library and the editor again, for half of the processor time.
import { readdirSync } from "node:fs";

for (const folder of ["../../client/test/", "./"]) {
  for (const name of readdirSync(new URL(folder, import.meta.url)).sort()) {
    if (name.endsWith(".test.ts")) await import(folder + name);
  }
}
