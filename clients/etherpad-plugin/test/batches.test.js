"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { announcing, teach, teachPage, unpacked } = require("../static/js/batches");

/** @typedef {import('../static/js/batches').Counts} Counts */

/**
 * A socket like those of Socket.IO's client. It keeps what is sent, and `receive` delivers a
 * message.
 */
class FakeSocket {
  constructor() {
    /** @type {unknown[][]} */
    this.sent = [];
    /** @type {Map<string, ((...args: any[]) => void)[]>} */
    this.told = new Map();
  }

  /**
   * @param {string} event
   * @param {...any} args
   */
  emit(event, ...args) {
    this.sent.push([event, ...args]);
    return this;
  }

  /**
   * @param {string} event
   * @param {(...args: any[]) => void} listener
   */
  on(event, listener) {
    this.told.set(event, [...this.listeners(event), listener]);
    return this;
  }

  /** @param {string} event */
  listeners(event) {
    return this.told.get(event) ?? [];
  }

  /** @param {unknown} message */
  receive(message) {
    for (const listener of this.listeners("message")) listener.call(this, message);
  }
}

/** @param {number} newRev */
const change = (newRev) => ({ type: "NEW_CHANGES", newRev, changeset: "Z:1>0$" });

/** @param {unknown} data */
const room = (data) => ({ type: "COLLABROOM", data });

/** @param {...number} revs */
const batch = (...revs) => room({ type: "NEW_CHANGES_BATCH", changes: revs.map(change) });

/** @param {Partial<Parameters<typeof teach>[1]>} [options] */
const taught = (options = {}) => {
  const socket = new FakeSocket();
  /** @type {Counts[]} */
  const counts = [];
  /** @type {unknown[]} */
  const faults = [];
  /** @type {any[]} */
  const seen = [];
  teach(socket, {
    announce: true,
    counted: (now) => counts.push(now),
    report: (error) => faults.push(error),
    ...options,
  });
  socket.on("message", (message) => seen.push(message));
  return { socket, counts, faults, seen };
};

describe("what is sent", () => {
  it("announces batches in every CLIENT_READY", () => {
    const { socket } = taught();
    const ready = { component: "pad", type: "CLIENT_READY", padId: "x", userInfo: { name: null } };
    socket.emit("message", ready);
    socket.emit("message", { ...ready, client_rev: 3, reconnect: true });
    const supports = ["NEW_CHANGES_BATCH"];
    assert.deepEqual(socket.sent, [
      ["message", { ...ready, supports }],
      ["message", { ...ready, client_rev: 3, reconnect: true, supports }],
    ]);
    assert.ok(!("supports" in ready), "what the page holds is left alone");
  });

  it("keeps what others announce, and says nothing twice", () => {
    const message = { type: "CLIENT_READY", supports: ["CURSORS"] };
    const both = { type: "CLIENT_READY", supports: ["CURSORS", "NEW_CHANGES_BATCH"] };
    assert.deepEqual(announcing(message), both);
    assert.equal(announcing(both), both);
    assert.deepEqual(announcing({ type: "CLIENT_READY", supports: "x" }), {
      type: "CLIENT_READY",
      supports: ["NEW_CHANGES_BATCH"],
    });
  });

  it("leaves everything else alone", () => {
    const { socket } = taught();
    const answer = () => {};
    const edit = room({ type: "USER_CHANGES" });
    assert.equal(socket.emit("message", edit, answer), socket);
    socket.emit("message");
    socket.emit("other", { type: "CLIENT_READY" });
    assert.deepEqual(socket.sent, [
      ["message", edit, answer],
      ["message"],
      ["other", { type: "CLIENT_READY" }],
    ]);
    for (const odd of [null, undefined, "CLIENT_READY", 7, ["CLIENT_READY"], {}]) {
      assert.equal(announcing(odd), odd);
    }
  });

  it("announces nothing where it is not to, and still takes batches", () => {
    const { socket, seen } = taught({ announce: false });
    socket.emit("message", { type: "CLIENT_READY" });
    assert.deepEqual(socket.sent, [["message", { type: "CLIENT_READY" }]]);
    socket.receive(batch(1, 2));
    assert.deepEqual(seen.slice(0, 2), [room(change(1)), room(change(2))]);
  });
});

describe("what comes", () => {
  it("gives each change of a batch to every listener, in order", () => {
    const { socket, seen } = taught();
    /** @type {any[]} */
    const plugin = [];
    socket.on("message", (message) => plugin.push(message));
    socket.receive(room(change(1)));
    socket.receive(batch(2, 3, 4));
    socket.receive(room({ type: "ACCEPT_COMMIT", newRev: 5 }));
    socket.receive(batch(6));
    for (const heard of [seen, plugin]) {
      const alone = heard.filter((message) => message.data.type !== "NEW_CHANGES_BATCH");
      assert.deepEqual(
        alone.map((message) => message.data.newRev),
        [1, 2, 3, 4, 5, 6],
      );
      assert.ok(alone.every((message) => message.type === "COLLABROOM"));
    }
  });

  it("gives the very objects of the batch", () => {
    const message = batch(1, 2);
    const changes = /** @type {any} */ (message.data).changes;
    assert.deepEqual(
      unpacked(message)?.map((one) => /** @type {any} */ (one).data === changes.shift()),
      [true, true],
    );
  });

  it("goes on after a listener that throws, and reports it", () => {
    const { socket, faults, seen } = taught();
    const fault = new Error("a hook of a plugin");
    socket.on("message", (message) => {
      if (message.data.newRev === 2) throw fault;
    });
    socket.receive(batch(1, 2, 3));
    assert.deepEqual(faults, [fault]);
    assert.deepEqual(
      seen.slice(0, 3).map((message) => message.data.newRev),
      [1, 2, 3],
    );
  });

  it("takes listeners that come and go meanwhile", () => {
    const { socket, seen } = taught();
    let late = 0;
    socket.on("message", (message) => {
      if (message.data.newRev === 1) socket.on("message", () => (late += 1));
    });
    socket.receive(batch(1, 2));
    assert.equal(seen.length, 3); // two changes, and the batch itself, which the page ignores
    assert.ok(late >= 1);
  });

  it("is no batch if it does not look like one", () => {
    for (const odd of [
      null,
      undefined,
      "x",
      {},
      room(null),
      room(change(1)),
      room({ type: "NEW_CHANGES_BATCH" }),
      room({ type: "NEW_CHANGES_BATCH", changes: "x" }),
      { type: "CUSTOM", data: { type: "NEW_CHANGES_BATCH", changes: [change(1)] } },
    ]) {
      assert.equal(unpacked(odd), null);
    }
    const { socket, seen, counts } = taught();
    socket.receive({ disconnect: "userdup" });
    socket.receive({ accessStatus: "deny" });
    assert.equal(seen.length, 2);
    assert.deepEqual(counts, []);
  });

  it("counts changes, and the messages they came in", () => {
    const { socket, counts } = taught();
    socket.receive(room(change(1)));
    socket.receive(batch(2, 3, 4));
    socket.receive(room({ type: "ACCEPT_COMMIT", newRev: 5 }));
    socket.receive(room(change(6)));
    assert.deepEqual(counts, [
      { changes: 1, messages: 1 },
      { changes: 4, messages: 2 },
      { changes: 5, messages: 3 },
    ]);
  });
});

describe("the page's socket", () => {
  const options = { announce: true, counted: () => {}, report: () => {} };

  it("is taught when it is made", () => {
    /** @type {unknown[]} */
    const asked = [];
    const socket = new FakeSocket();
    const socketio = {
      /** @param {unknown[]} words */
      connect: (...words) => {
        asked.push(words);
        return socket;
      },
    };
    assert.ok(teachPage(socketio, options));
    assert.equal(socketio.connect("..", "/", { query: { padId: "x" } }), socket);
    socketio.connect("..");
    assert.deepEqual(asked, [
      ["..", "/", { query: { padId: "x" } }],
      ["..", "/", {}],
    ]);
    socket.emit("message", { type: "CLIENT_READY" });
    assert.deepEqual(socket.sent[0], [
      "message",
      { type: "CLIENT_READY", supports: ["NEW_CHANGES_BATCH"] },
    ]);
  });

  it("is not taken for the sockets of other plugins", () => {
    const socket = new FakeSocket();
    const socketio = { connect: () => socket };
    teachPage(socketio, options);
    /** @type {(...words: unknown[]) => unknown} */ (socketio.connect)("..", "/comment", {});
    assert.deepEqual(socket.listeners("message"), []);
  });

  it("stays as it is where the module cannot be changed", () => {
    const connect = () => new FakeSocket();
    assert.equal(teachPage(Object.freeze({ connect }), options), false);
    assert.equal(teachPage(/** @type {any} */ ({}), options), false);
  });
});
