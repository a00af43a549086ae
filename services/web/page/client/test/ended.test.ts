/** Tests that calls which would change a pad after the end of its session report an error. */
import assert from "node:assert/strict";

import { type Pad, SessionEnded } from "../src/index.js";
import { run } from "./desk.js";

const draft = { id: "1", pad: "x", author: "a.me", rev: 0, changesets: [], pool: {}, time: 0 };

/** Methods that may also be called after the end. */
type Harmless =
  | "joined"
  | "flush"
  | "discard"
  | "keep"
  | "suspend"
  | "reconnect"
  | "close"
  | "holdRevisions"
  | "resumeRevisions"
  | "on";

/** Members that only read. */
type Looked =
  | "people"
  | "status"
  | "vars"
  | "state"
  | "text"
  | "rev"
  | "time"
  | "readOnly"
  | "pointing"
  | "cursors";

/** All other members of a pad. A new member of the class has to be put into one of these three. */
const DONE: Record<Exclude<keyof Pad, Harmless | Looked>, (pad: Pad) => unknown> = {
  edit: (pad) => pad.edit(0, 0, "late"),
  format: (pad) => pad.format(0, 2, [["bold", "true"]]),
  applyOwn: (pad) => pad.applyOwn("Z:6>1+1$x"),
  introduce: (pad) => pad.introduce("Ada", "#ff0000"),
  say: (pad) => pad.say("late"),
  saveRevision: (pad) => pad.saveRevision(),
  changeSettings: (pad) => pad.changeSettings({ lang: "de" }),
  delete: (pad) => pad.delete(),
  point: (pad) => pad.point({ anchor: 0, head: 0 }),
  chatBetween: (pad) => pad.chatBetween(0, 1),
  chatFrom: (pad) => pad.chatFrom(0),
  changesets: (pad) => pad.changesets(0, 1),
  putBack: (pad) => pad.putBack(draft as unknown as Parameters<Pad["putBack"]>[0]),
};

for (const [reason, end] of [
  ["closed", (pad: Pad) => pad.close()],
  ["deleted", (pad: Pad) => pad["conversation"]["receive"]({ disconnect: "deleted" })],
] as const) {
  run(`nothing is done to a pad whose session has ended: ${reason}`, async ({ pad }) => {
    end(pad);
    const edited: string[] = [];
    pad.on("edited", (changeset) => edited.push(changeset));
    for (const [name, act] of Object.entries(DONE)) {
      const isSo = (error: unknown): boolean =>
        error instanceof SessionEnded && error.reason === reason;
      await assert.rejects(async () => act(pad), isSo, name);
    }
    assert.equal(pad.text, "Hello\n");
    assert.deepEqual(edited, []);
    await pad.flush(); // nothing was waiting
    pad.reconnect();
    pad.suspend();
    assert.equal(pad.status.state, "ended");
  });
}

run(
  "who asks to be told why something is refused is told so, and not interrupted",
  async (desk) => {
    const { pad } = desk;
    pad.close();
    const refusals: string[] = [];
    const refused = (why: string): void => void refusals.push(why);
    pad.say("late", refused);
    pad.saveRevision(refused);
    pad.changeSettings({ lang: "de" }, refused);
    pad.delete(undefined, refused);
    pad.introduce("Ada", "#ff0000", refused);
    assert.deepEqual(refusals, Array(5).fill("not connected"));
  },
);
