/** Tests that a pad's state stays right and sending continues, whatever a listener does. */
import assert from "node:assert/strict";

import { Body } from "../src/easysync/index.js";
import type { ListenerError } from "../src/index.js";
import { run } from "./desk.js";

run("a listener that throws is reported, and costs nobody anything", async (desk) => {
  const { pad } = desk;
  const errors: ListenerError[] = [];
  const told: string[] = [];
  pad.on("error", (error) => errors.push(error));
  for (const name of ["changed", "accepted", "took", "edited"] as const) {
    pad.on(name, () => {
      throw new Error(`from ${name}`);
    });
    pad.on(name, () => told.push(name));
  }
  pad.edit(5, 0, " there");
  await new Promise((resolve) => setTimeout(resolve, 5));
  desk.accept();
  pad.edit(0, 0, "> ");
  desk.say({ type: "NEW_CHANGES", ...desk.revision(0, 0, "Oh! ") });
  await desk.settle();
  assert.match(desk.server.text, /^(> Oh! |Oh! > )Hello there\n$/);
  assert.deepEqual(new Set(told), new Set(["edited", "accepted", "changed", "took"]));
  assert.equal(errors.length, told.length, "each is reported once");
  assert.match(String(errors[0]), /a listener to "edited" has thrown: Error: from edited/);
  assert.equal((errors[0]?.cause as Error).message, "from edited");
});

run("an error with nobody to hear of it goes to the console", async (desk) => {
  const said: unknown[][] = [];
  const { error } = console;
  console.error = (...words) => said.push(words);
  try {
    desk.pad.on("changed", () => {
      throw new Error("mine");
    });
    desk.pad.on("took", () => {
      throw new Error("too");
    });
    desk.say({ type: "NEW_CHANGES", ...desk.revision(0, 0, "x") });
    // A listener to errors that throws is not called with its own error.
    desk.pad.on("error", () => {
      throw new Error("again");
    });
    desk.say({ type: "NEW_CHANGES", ...desk.revision(0, 0, "x") });
  } finally {
    console.error = error;
  }
  const heard = said.map(([words]) => words);
  const of = (name: string): string => `a listener to "${name}" has thrown`;
  assert.deepEqual(heard, [of("changed"), of("took"), of("error"), of("error")]);
  await desk.settle();
});

run("a listener may edit in the middle of a batch", async (desk) => {
  const { pad } = desk;
  pad.on("changed", ({ rev }) => {
    assert.equal(pad.rev, rev);
    pad.edit(pad.text.length - 1, 0, `[${rev}]`);
  });
  pad.on("error", (error) => assert.fail(error));
  const changes = [desk.revision(0, 0, "a"), desk.revision(1, 0, "b"), desk.revision(8, 0, "!\n")];
  desk.say({ type: "NEW_CHANGES_BATCH", changes });
  await desk.settle();
  for (const piece of ["[1]", "[2]", "[3]"]) assert.ok(desk.server.text.includes(piece), piece);
});

run("all listeners hear of everything in one order", async (desk) => {
  const { pad } = desk;
  const heard: [string[], string[]] = [[], []];
  let edits = 0;
  for (const index of [0, 1] as const) {
    pad.on("changed", ({ changeset }) => heard[index].push(changeset));
    pad.on("edited", (changeset) => heard[index].push(changeset));
    // Between the two, another listener edits whenever it is called.
    for (const name of ["changed", "edited"] as const) {
      pad.on(name, () => {
        if (index === 0 && (edits += 1) < 6) pad.edit(pad.text.length - 1, 0, `<${edits}>`);
      });
    }
  }
  const copy = Body.fromAText(desk.server.toAText());
  const changes = [desk.revision(0, 0, "a"), desk.revision(1, 0, "b")];
  desk.say({ type: "NEW_CHANGES_BATCH", changes });
  assert.equal(heard[0].length, 7);
  assert.deepEqual(heard[0], heard[1]);
  for (const changeset of heard[0]) copy.apply(changeset, pad.state.pool);
  assert.equal(copy.text, pad.text);
  await desk.settle();
});

run("a listener may leave in the middle of a batch, and what it has is whole", async (desk) => {
  const { pad } = desk;
  const took: number[] = [];
  pad.on("changed", ({ rev }) => {
    if (rev === 2) pad.close();
  });
  pad.on("took", (events) => took.push(...events.map(({ rev }) => rev)));
  const changes = [desk.revision(0, 0, "a"), desk.revision(0, 0, "b"), desk.revision(0, 0, "c")];
  desk.say({ type: "NEW_CHANGES_BATCH", changes });
  assert.deepEqual(pad.status, { state: "ended", reason: "closed" });
  assert.equal(pad.text, "baHello\n");
  assert.equal(pad.rev, 2);
  assert.deepEqual(took, [1, 2]);
});

run("a listener that connects anew gets what is missing over the new connection", async (desk) => {
  const { pad } = desk;
  pad.on("changed", ({ rev }) => {
    if (rev === 1 || rev === 3) pad.reconnect();
  });
  pad.edit(5, 0, " mine");
  const missed = [desk.revision(0, 0, "a"), desk.revision(0, 0, "b"), desk.revision(0, 0, "c")];
  desk.say({ type: "NEW_CHANGES_BATCH", changes: missed });
  assert.equal(pad.rev, 1);
  assert.equal(pad.state.upToDate, false);
  const resumed = (at: number): object => ({
    type: "CLIENT_RECONNECT",
    headRev: 3,
    ...missed[at - 1],
  });
  desk.say(resumed(2));
  desk.say(resumed(3)); // this reconnects once more, just after all that was missed has arrived
  assert.equal(pad.status.state, "connecting");
  assert.equal(pad.state.upToDate, false, "the new connection has not said anything yet");
  desk.say({ type: "CLIENT_RECONNECT", noChanges: true, newRev: 3 });
  assert.equal(pad.status.state, "open");
  await desk.settle();
  assert.equal(desk.server.text, "cbaHello mine\n");
});

run("who hears that it connects may leave at once", async ({ pad }) => {
  pad.on("status", ({ state }) => {
    if (state === "connecting") pad.close();
  });
  pad.reconnect();
  assert.deepEqual(pad.status, { state: "ended", reason: "closed" });
  assert.equal(pad["conversation"].connection.lineNumber, 0, "no line is left behind");
});

run("an edit that does not fit is refused, and nothing has changed", async (desk) => {
  const { pad } = desk;
  for (const changeset of ["Z:2>1+1$x", "Z:6>0*9=1$", "nonsense"]) {
    assert.throws(() => pad.applyOwn(changeset));
    assert.equal(pad.text, "Hello\n");
    assert.ok(pad.state.settled);
  }
  pad.edit(5, 0, "!");
  await desk.settle();
  assert.equal(desk.server.text, "Hello!\n");
});
