/**
 * A client on a pad that is controlled by lines of JSON on standard input, such as `{"edit": [0, 0,
 * "x"]}`. It prints what it knows of the pad, as a line of JSON, whenever that may have changed.
 */
import { createInterface } from "node:readline";

import { Pad } from "../src/index.js";

interface Order {
  edit?: [start: number, removed: number, inserted: string];
  point?: { anchor: number; head: number } | null;
  introduce?: [name: string, color: string];
}

const [url = "", name = "", color = ""] = process.argv.slice(2);
const pad = new Pad(url, { name, color });
await pad.joined();

function tell(): void {
  const { vars, text, rev, pointing, cursors, people, state } = pad;
  const present = Object.fromEntries(people.present);
  const known = { author: vars.userId, text, rev, pointing, settled: state.settled };
  console.log(JSON.stringify({ ...known, cursors: Object.fromEntries(cursors), present }));
}

for (const event of ["took", "edited", "cursors", "people"] as const) pad.on(event, tell);
tell();
for await (const line of createInterface({ input: process.stdin })) {
  const { edit, point, introduce } = JSON.parse(line) as Order;
  if (edit !== undefined) pad.edit(...edit);
  if (point !== undefined) pad.point(point);
  if (introduce !== undefined) pad.introduce(...introduce);
}
await pad.flush();
pad.close();
