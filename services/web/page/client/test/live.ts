/**
 * Clients of this library on real servers, for tests/acceptance: node --import tsx live.ts URL URL.
 * Two clients write at once, each on its own server, while a third only reads and counts. Their
 * connections are broken again and again. The result is printed as a line of JSON.
 */
import { type Changed, Pad } from "../src/index.js";

const [first = "", second = ""] = process.argv.slice(2);
/**
 * How many edits each client makes. More follow until a message has contained several revisions, up
 * to `MOST`.
 */
const EDITS = 60;
const MOST = 6000;

const writers = [
  new Pad([first, second], { interval: 5 }),
  new Pad([second, first], { interval: 5 }),
];
const reader = new Pad(second);
const everybody = [...writers, reader];
await Promise.all(everybody.map((pad) => pad.joined()));

const revisions: number[] = [];
const seen: Changed[] = [];
let longest = 0;
reader.on("changed", (event) => {
  revisions.push(event.rev);
  if (reader.rev !== event.rev) throw new Error("an event came on the text of another revision");
  seen.push(event);
});
reader.on("took", (events) => (longest = Math.max(longest, events.length)));
const from = reader.rev;
const start = reader.text;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const here = (): number[] => writers.map((pad) => pad.people.present.size);
for (let tries = 0; tries < 500 && here().some((count) => count < everybody.length); tries += 1)
  await pause(20); // other workers report the others
const present = here();
let edit = 0;
for (; edit < EDITS || (longest < 2 && edit < MOST); edit += 1) {
  for (const [index, pad] of writers.entries()) {
    const at = (edit * 7) % pad.text.length;
    pad.edit(at, 0, `<${index}.${edit}>`, edit % 5 === 0 ? [["bold", "true"]] : []);
  }
  if (edit % 13 === 5) writers[(edit % 2) as 0 | 1]?.reconnect();
  if (edit === 30) {
    writers[0]?.suspend();
    reader.suspend();
  }
  if (edit === 45) {
    writers[0]?.reconnect();
    reader.reconnect();
  }
  await pause(4);
}
await Promise.all(writers.map((pad) => pad.flush()));
const head = Math.max(...writers.map((pad) => pad.rev));
for (let tries = 0; tries < 500 && everybody.some((pad) => pad.rev < head); tries += 1)
  await pause(20);

// The changes in the events, applied to the text before, must lead to the text after.
let replayed = start;
for (const { changes } of seen) {
  let moved = 0;
  for (const { from: at, to, insert } of changes) {
    replayed = replayed.slice(0, at + moved) + insert + replayed.slice(to + moved);
    moved += insert.length - (to - at);
  }
}
const chat = new Promise<string>((resolve) => reader.on("chat", ({ text }) => resolve(text)));
const answer = await new Promise<string>((resolve) => {
  void chat.then(resolve);
  writers[0]?.say("hello", resolve);
});

console.log(
  JSON.stringify({
    edits: edit,
    texts: everybody.map((pad) => pad.text),
    attributes: new Set(everybody.map((pad) => pad.state.accepted.text)).size,
    settled: everybody.every((pad) => pad.state.settled),
    gapless: revisions.every((rev, index) => rev === from + 1 + index),
    revisions: revisions.length,
    replayed: replayed === reader.text,
    longest,
    present,
    answer,
  }),
);
for (const pad of everybody) pad.close();
