"use strict";

/** What goes over a page's socket, with batches: pure, but for the listeners that it calls. */

/** What a client lists in `supports` of its CLIENT_READY to get several changes in one message. */
const BATCH = "NEW_CHANGES_BATCH";

/**
 * What this reads of a message. A page's own types say more of it, and are not to be had here.
 *
 * @typedef {object} Message
 * @property {unknown} [type]
 * @property {unknown} [data]
 * @property {unknown} [supports]
 */

/**
 * A socket of Socket.IO's client, as far as this uses it.
 *
 * @typedef {object} Socket
 * @property {(event: string, ...args: any[]) => any} emit
 * @property {(event: string, listener: (...args: any[]) => void) => any} on
 * @property {(event: string) => ((...args: any[]) => void)[]} listeners
 */

/** @typedef {{changes: number, messages: number}} Counts Of what others have changed. */

/**
 * @param {unknown} message What the page is about to send.
 * @returns {unknown} The same, or a CLIENT_READY that announces batches too.
 */
const announcing = (message) => {
  if (!isMessage(message) || message.type !== "CLIENT_READY") return message;
  const others = Array.isArray(message.supports) ? message.supports : [];
  return others.includes(BATCH) ? message : { ...message, supports: [...others, BATCH] };
};

/**
 * @param {unknown} message What has come.
 * @returns {object[] | null} The changes in it, each as the message that it would have been by itself;
 *     null if it is no batch.
 */
const unpacked = (message) => {
  if (!isMessage(message) || message.type !== "COLLABROOM" || !isMessage(message.data)) return null;
  const { type, changes } = /** @type {{type?: unknown, changes?: unknown}} */ (message.data);
  if (type !== BATCH || !Array.isArray(changes)) return null;
  return changes.map((data) => ({ ...message, data }));
};

/**
 * @param {unknown} message What has come.
 * @returns {boolean} Whether it is the change of one revision by somebody else.
 */
const isChange = (message) =>
  isMessage(message) && isMessage(message.data) && message.data.type === "NEW_CHANGES";

/**
 * Gives each change of a batch to whoever listens to the socket, in order, as if it had come by
 * itself: to the page's own handler, and through it to the hooks of all plugins.
 *
 * What listeners throw is reported as what a browser reports of any listener, and costs what comes
 * after it nothing: a change that is left out would leave the page behind for good.
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
 * Teaches a socket batches: it announces them in every CLIENT_READY, the first and those after a
 * connection was lost, and gives out what comes in them.
 *
 * @param {Socket} socket Before anything was sent on it.
 * @param {object} options
 * @param {boolean} options.announce Whether it announces them. What comes in batches is given out
 *     in any case: a fleet can be told to send them to everybody.
 * @param {(counts: Counts) => void} options.counted Told whenever changes have come.
 * @param {(error: unknown) => void} options.report Told what a listener has thrown.
 */
const teach = (socket, { announce, counted, report }) => {
  const counts = { changes: 0, messages: 0 };
  let within = false;
  if (announce) {
    const emit = socket.emit;
    socket.emit = function (event, ...args) {
      if (event === "message" && args.length > 0) args[0] = announcing(args[0]);
      return emit.call(this, event, ...args);
    };
  }
  socket.on("message", (message) => {
    const messages = unpacked(message);
    if (messages !== null) {
      counts.messages += 1;
      within = true;
      giveOut(socket, messages, report);
      within = false;
    } else if (isChange(message)) {
      counts.changes += 1;
      if (within) return; // told once the whole batch is through
      counts.messages += 1;
    } else {
      return;
    }
    counted({ ...counts });
  });
};

/**
 * Teaches batches to the socket of the page, which does not exist yet: to the one that the page's
 * `connect` makes for the namespace of pads.
 *
 * @param {{connect: (url: string, namespace?: string, options?: object) => Socket}} socketio The
 *     page's module of that name.
 * @param {Parameters<typeof teach>[1]} options
 * @returns {boolean} False if that module cannot be reached: then changes come one by one.
 */
const teachPage = (socketio, options) => {
  const connect = socketio.connect;
  if (typeof connect !== "function") return false;
  /** @type {typeof connect} */
  const taught = (url, namespace = "/", rest = {}) => {
    const socket = connect(url, namespace, rest);
    if (namespace === "/") teach(socket, options); // plugins have namespaces of their own
    return socket;
  };
  try {
    socketio.connect = taught;
  } catch {
    return false; // a module whose exports are fixed
  }
  return socketio.connect === taught;
};

/**
 * @param {unknown} value
 * @returns {value is Message}
 */
const isMessage = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

module.exports = { BATCH, announcing, unpacked, giveOut, teach, teachPage };
