"use strict";

/**
 * Makes a page's socket understand batches of changes, and lists of people. It is pure, except for
 * the listeners that it calls.
 */

const { People, USERS, inTurns } = require("./people");

/** The entry in `supports` of CLIENT_READY that requests several changes in one message. */
const BATCH = "NEW_CHANGES_BATCH";

/**
 * The fields of a message that this module reads. The complete types are not available here.
 *
 * @typedef {object} Message
 * @property {unknown} [type]
 * @property {unknown} [data]
 * @property {unknown} [supports]
 */

/**
 * A socket of Socket.IO's client, as far as this module uses it.
 *
 * @typedef {object} Socket
 * @property {(event: string, ...args: any[]) => any} emit
 * @property {(event: string, listener: (...args: any[]) => void) => any} on
 * @property {(event: string) => ((...args: any[]) => void)[]} listeners
 */

/**
 * The numbers of other people's changes, and of the messages that contained them.
 *
 * @typedef {{changes: number, messages: number}} Counts
 */

/** Everything that the page announces with this plugin. */
const ANNOUNCED = [BATCH, USERS];

/**
 * Announces batches and lists in a CLIENT_READY, and leaves other messages unchanged.
 *
 * @param {unknown} message The message that the page is about to send.
 * @returns {unknown} The message to send instead.
 */
const announcing = (message) => {
  if (!isReady(message)) return message;
  const others = Array.isArray(message.supports) ? message.supports : [];
  const missing = ANNOUNCED.filter((one) => !others.includes(one));
  return missing.length === 0 ? message : { ...message, supports: [...others, ...missing] };
};

/**
 * Unpacks a batch.
 *
 * @param {unknown} message The message that has arrived.
 * @returns {object[] | null} The changes of the batch, each as a separate message; null if the
 *     message is not a batch.
 */
const unpacked = (message) => {
  if (!isRoom(message)) return null;
  const { type, changes } = /** @type {{type?: unknown, changes?: unknown}} */ (message.data);
  if (type !== BATCH || !Array.isArray(changes)) return null;
  return changes.map((data) => ({ ...message, data }));
};

/**
 * Returns whether a message is a single change by somebody else.
 *
 * @param {unknown} message The message that has arrived.
 * @returns {boolean}
 */
const isChange = (message) =>
  isMessage(message) && isMessage(message.data) && message.data.type === "NEW_CHANGES";

/**
 * Passes each message to the socket's listeners, in order, as if it had arrived alone. The
 * listeners are the page's own handler, which calls the hooks of all plugins, and any others.
 *
 * An error that a listener throws is reported like any error in the page, and later messages are
 * still passed on: after a missing change, the page could never catch up.
 *
 * @param {Socket} socket
 * @param {object[]} messages
 * @param {(error: unknown) => void} report
 */
const giveOut = (socket, messages, report) => {
  for (const message of messages) {
    try {
      for (const listener of [...socket.listeners("message")]) listener.call(socket, message);
    } catch (error) {
      report(error);
    }
  }
};

/**
 * Makes a socket understand batches and lists. It announces them in every CLIENT_READY, including
 * those after a lost connection, and passes on the changes and the people in them.
 *
 * @param {Socket} socket A socket on which nothing has been sent yet.
 * @param {object} options
 * @param {boolean} options.announce Whether to announce them. Those that arrive are unpacked in any
 *     case, since a fleet can be configured to send batches to everybody.
 * @param {(counts: Counts) => void} options.counted Called whenever changes have arrived.
 * @param {(error: unknown) => void} options.report Called with each error that a listener throws.
 * @param {(run: () => void, ms: number) => unknown} options.later Like `setTimeout`.
 */
const teach = (socket, { announce, counted, report, later }) => {
  const counts = { changes: 0, messages: 0 };
  const people = new People();
  const introduce = inTurns(
    (/** @type {object[]} */ messages) => giveOut(socket, messages, report),
    later,
  );
  let within = false;
  if (announce) {
    const emit = socket.emit;
    socket.emit = function (event, ...args) {
      if (event === "message" && isReady(args[0])) {
        people.comes();
        args[0] = announcing(args[0]);
      }
      return emit.call(this, event, ...args);
    };
  }
  socket.on("message", (message) => {
    const told = isRoom(message) ? people.unpacked(message.data) : null;
    if (told !== null) return introduce(told.map((data) => ({ ...message, data })));
    const messages = unpacked(message);
    if (messages !== null) {
      counts.messages += 1;
      within = true;
      giveOut(socket, messages, report);
      within = false;
    } else if (isChange(message)) {
      counts.changes += 1;
      if (within) return; // counted once, after the whole batch
      counts.messages += 1;
    } else {
      return;
    }
    counted({ ...counts });
  });
};

/**
 * Makes the page's socket understand batches before it exists: replaces the page's `connect`, which
 * makes the socket for the namespace of pads.
 *
 * @param {{connect: (url: string, namespace?: string, options?: object) => Socket}} socketio The
 *     page's module of that name.
 * @param {Parameters<typeof teach>[1]} options
 * @returns {boolean} False if the module cannot be changed. Changes then arrive one by one.
 */
const teachPage = (socketio, options) => {
  const connect = socketio.connect;
  if (typeof connect !== "function") return false;
  /** @type {typeof connect} */
  const taught = (url, namespace = "/", rest = {}) => {
    const socket = connect(url, namespace, rest);
    if (namespace === "/") teach(socket, options); // plugins use other namespaces
    return socket;
  };
  try {
    socketio.connect = taught;
  } catch {
    return false; // the module's exports are read-only
  }
  return socketio.connect === taught;
};

/**
 * Returns whether a message asks to be let into a pad, or back into it.
 *
 * @param {unknown} message
 * @returns {message is Message}
 */
const isReady = (message) => isMessage(message) && message.type === "CLIENT_READY";

/**
 * Returns whether a message is about what happens on the pad.
 *
 * @param {unknown} message
 * @returns {message is Message}
 */
const isRoom = (message) =>
  isMessage(message) && message.type === "COLLABROOM" && isMessage(message.data);

/**
 * Returns whether a value is an object, as messages are.
 *
 * @param {unknown} value
 * @returns {value is Message}
 */
const isMessage = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

module.exports = { BATCH, announcing, unpacked, giveOut, teach, teachPage };
