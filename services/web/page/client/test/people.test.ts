/** Tests of the list of people, also with servers that report many people at once. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Pad } from "../src/index.js";

function desk(): { pad: Pad; say: (data: object) => void; ready: Record<string, unknown>[] } {
  const pad = new Pad("http://127.0.0.1:9/p/x");
  const silence = (): void => pad["conversation"].connection["line"]?.close();
  silence();
  pad.on("status", silence);
  const ready: Record<string, unknown>[] = [];
  pad["conversation"].connection.send = (message) => ready.push(message as Record<string, unknown>);
  pad["conversation"]["receive"]({
    type: "CLIENT_VARS",
    data: {
      userId: "a.me",
      userColor: 0,
      colorPalette: ["#ffc7c7", "#fff1c7"],
      readonly: false,
      savedRevisions: [],
      collab_client_vars: {
        initialAttributedText: { text: "\n", attribs: "|1+1" },
        apool: { numToAttrib: {}, nextNum: 0 },
        rev: 0,
        historicalAuthorData: {},
      },
    },
  });
  return {
    pad,
    ready,
    say: (data) => pad["conversation"]["receive"]({ type: "COLLABROOM", data }),
  };
}

test("one message tells of many, and listeners are told once", () => {
  const { pad, say } = desk();
  let told = 0;
  pad.on("people", () => told++);
  say({
    type: "USERS",
    users: [
      ["a.1", 1, "Ada"],
      ["a.2", "#00aa00", null],
    ],
    complete: true,
  });
  assert.equal(told, 1);
  assert.deepEqual([...pad.people.present.keys()], ["a.me", "a.1", "a.2"]);
  assert.deepEqual(pad.people.present.get("a.1"), { id: "a.1", name: "Ada", color: "#fff1c7" });
  say({ type: "USERS", users: [["a.2", "#0000aa", "Bob"]], left: ["a.1"] });
  assert.deepEqual([...pad.people.present.keys()], ["a.me", "a.2"]);
  assert.equal(pad.people.everybody.get("a.1")?.name, "Ada");
  assert.equal(pad.people.present.get("a.2")?.name, "Bob");
});

test("it announces that it understands that", () => {
  const { pad, ready } = desk();
  pad["conversation"]["greet"]({ padId: "x" } as never, undefined);
  assert.ok((ready.at(-1)?.supports as string[]).includes("USERS"));
});
