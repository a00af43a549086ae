"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { announcing, teach, teachPage, unpacked } = require("../static/js/batches");
const { PER_TURN } = require("../static/js/people");

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
  /** @type {(() => void)[]} */
  const later = [];
  teach(socket, {
    announce: true,
    counted: (now) => counts.push(now),
    report: (error) => faults.push(error),
    later: (run) => later.push(run),
    ...options,
  });
  socket.on("message", (message) => seen.push(message));
  return { socket, counts, faults, seen, later };
};

describe("what is sent", () => {
  it("announces batches and lists in every CLIENT_READY", () => {
    const { socket } = taught();
    const ready = { component: "pad", type: "CLIENT_READY", padId: "x", userInfo: { name: null } };
    socket.emit("message", ready);
    socket.emit("message", { ...ready, client_rev: 3, reconnect: true });
    const supports = ["NEW_CHANGES_BATCH", "USERS"];
    assert.deepEqual(socket.sent, [
      ["message", { ...ready, supports }],
      ["message", { ...ready, client_rev: 3, reconnect: true, supports }],
    ]);
    assert.ok(!("supports" in ready), "what the page holds is left alone");
  });

  it("keeps what others announce, and says nothing twice", () => {
    const message = { type: "CLIENT_READY", supports: ["CURSORS", "USERS"] };
    const all = { type: "CLIENT_READY", supports: ["CURSORS", "USERS", "NEW_CHANGES_BATCH"] };
    assert.deepEqual(announcing(message), all);
    assert.equal(announcing(all), all);
    assert.deepEqual(announcing({ type: "CLIENT_READY", supports: "x" }), {
      type: "CLIENT_READY",
      supports: ["NEW_CHANGES_BATCH", "USERS"],
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

describe("people", () => {
  /** @param {object} list */
  const users = (list) => room({ type: "USERS", ...list });

  /** @param {any[]} seen */
  const told = (seen) =>
    seen
      .filter(({ data }) => data.type !== "USERS")
      .map(({ data }) => [data.type, data.userInfo.userId]);

  it("are told to the page one by one, in Etherpad's words", () => {
    const { socket, seen, counts } = taught();
    socket.receive(
      users({
        users: [
          ["a.1", 5, null],
          ["a.2", "#ff0000", "Ada"],
        ],
      }),
    );
    socket.receive(users({ users: [["a.3", 7, null]], left: ["a.2"], complete: true }));
    assert.deepEqual(
      seen.filter(({ data }) => data.type !== "USERS"),
      [
        { type: "USER_NEWINFO", userInfo: { userId: "a.1", colorId: 5, name: null } },
        { type: "USER_NEWINFO", userInfo: { userId: "a.2", colorId: "#ff0000", name: "Ada" } },
        { type: "USER_NEWINFO", userInfo: { userId: "a.3", colorId: 7, name: null } },
        { type: "USER_LEAVE", userInfo: { userId: "a.2", colorId: "#ff0000" } },
      ].map(room),
    );
    assert.deepEqual(counts, [], "nobody's change has come");
  });

  it("who left while the page was away leave once the list is complete", () => {
    const { socket, seen } = taught();
    const row = (/** @type {string} */ author) => [author, 1, null];
    socket.emit("message", { type: "CLIENT_READY" });
    socket.receive(users({ users: ["a.1", "a.2", "a.3"].map(row), complete: true }));
    socket.emit("message", { type: "CLIENT_READY", reconnect: true });
    seen.length = 0;
    socket.receive(users({ users: [row("a.2")] }));
    assert.deepEqual(told(seen), [["USER_NEWINFO", "a.2"]]);
    socket.receive(users({ users: [row("a.4")], complete: true }));
    assert.deepEqual(told(seen.slice(2)), [
      ["USER_NEWINFO", "a.4"],
      ["USER_LEAVE", "a.1"],
      ["USER_LEAVE", "a.3"],
    ]);
    seen.length = 0;
    socket.receive(users({ complete: true }));
    assert.deepEqual(told(seen), [], "each has left once");
  });

  it("whom the page does not know do not leave", () => {
    const { socket, seen } = taught();
    socket.receive(users({ left: ["a.9"] }));
    assert.deepEqual(told(seen), []);
  });

  it("of a crowd are told in turns, and in order", () => {
    const { socket, seen, later } = taught();
    const crowd = Array.from({ length: 2 * PER_TURN + 1 }, (_, n) => [`a.${n}`, 1, null]);
    socket.receive(users({ users: crowd }));
    assert.equal(told(seen).length, PER_TURN);
    socket.receive(users({ left: ["a.0"] }));
    assert.equal(told(seen).length, PER_TURN, "nothing overtakes what waits");
    socket.receive(room(change(1)));
    assert.ok(
      seen.some(({ data }) => data.newRev === 1),
      "changes do not wait for people",
    );
    while (later.length > 0) {
      assert.equal(later.length, 1, "one turn is waited for at a time");
      later.shift()?.();
    }
    assert.deepEqual(told(seen.filter(({ data }) => data.type !== "NEW_CHANGES")), [
      ...crowd.map(([author]) => ["USER_NEWINFO", author]),
      ["USER_LEAVE", "a.0"],
    ]);
  });

  it("are still told after a listener that throws", () => {
    const { socket, faults, seen } = taught();
    const fault = new Error("a hook of a plugin");
    socket.on("message", ({ data }) => {
      if (data.userInfo?.userId === "a.1") throw fault;
    });
    socket.receive(
      users({
        users: [
          ["a.1", 1, null],
          ["a.2", 1, null],
        ],
      }),
    );
    assert.deepEqual(faults, [fault]);
    assert.deepEqual(told(seen).at(-1), ["USER_NEWINFO", "a.2"]);
  });

  it("in odd lists harm nobody", () => {
    const { socket, faults, seen } = taught();
    for (const odd of [
      {},
      { users: "x", left: 7 },
      { users: [7, null, []] },
      { complete: "yes" },
    ]) {
      socket.receive(users(odd));
    }
    assert.deepEqual(told(seen), []);
    assert.deepEqual(faults, []);
  });
});

describe("the page's socket", () => {
  const options = { announce: true, counted: () => {}, report: () => {}, later: () => {} };

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
      { type: "CLIENT_READY", supports: ["NEW_CHANGES_BATCH", "USERS"] },
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
