// Controls clients that people use with Etherpad, by one JSON object per line, in and out.
//
//   in   {"do": "open", "id": 1, "url": "http://…", "options": {…}}     a socket.io-client
//        {"do": "cli", "id": 2, "url": "http://…/p/pad"}                an etherpad-cli-client
//        {"do": "emit", "id": 1, "message": …, "ask": 7}                "ask": reports the answer
//        {"do": "on", "id": 1, "type": "CLIENT_VARS", "emit": [1, 2]}   emits when this type arrives
//        {"do": "relay", "id": 3, "url": "http://…", "delay": 20}       a relay with slow WebSockets
//        {"do": "relay", "id": 4, "url": "http://…", "piece": 500}      a relay with small pieces
//        {"do": "relay", "id": 5, "url": "http://…", "held": true}      one whose WebSockets wait
//        {"do": "release", "id": 5}                                     until this
//        {"do": "append", "id": 2, "text": "…"}
//        {"do": "cut" | "again" | "close", "id": 1}                     "again": as a page connects
//   out  {"id": 1, "event": "…", "value": …}                            all events of a client

import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import etherpad from "etherpad-cli-client";
import { io } from "socket.io-client";

const clients = new Map();
const reactions = new Map();
const releases = new Map();

const report = (id, event, value = null) =>
  process.stdout.write(`${JSON.stringify({ id, event, value })}\n`);

const commands = {
  open({ id, url, options }) {
    const socket = io(url, { forceNew: true, reconnection: false, ...options });
    clients.set(id, socket);
    const extensions = ({ ws }) => ws && report(id, "extensions", ws.extensions);
    socket.io.engine.on("upgrade", (transport) => {
      report(id, "upgrade", transport.name);
      extensions(transport);
    });
    socket.on("connect", () => {
      report(id, "connect", socket.io.engine.transport.name);
      extensions(socket.io.engine.transport);
    });
    socket.on("connect_error", (error) => report(id, "connect_error", error.message));
    socket.on("disconnect", (reason) => report(id, "disconnect", reason));
    socket.io.on("reconnect_failed", () => report(id, "reconnect_failed"));
    socket.onAny((event, value) => {
      for (const message of reactions.get(`${id} ${value?.type}`)?.splice(0) ?? []) {
        socket.emit("message", message);
      }
      report(id, event, value);
    });
  },

  cli({ id, url }) {
    const pad = etherpad.connect(url);
    clients.set(id, pad);
    pad.on("connected", (state) => report(id, "connected", state.atext.text));
    for (const event of ["newContents", "message", "disconnect", "connect_error"]) {
      pad.on(event, (value) => report(id, event, value));
    }
  },

  emit({ id, message, ask }) {
    const answer = (...values) => report(id, "ack", { ask, values });
    clients.get(id).emit("message", message, ...(ask === undefined ? [] : [answer]));
  },

  on({ id, type, emit }) {
    reactions.set(`${id} ${type}`, emit);
  },

  relay({ id, url, delay = 0, piece = Infinity, held = false }) {
    const { hostname, port } = new URL(url);
    const released = held ? new Promise((release) => releases.set(id, release)) : undefined;
    const server = createServer((near) => {
      const far = connect(port, hostname);
      let wait = 0;
      let hold;
      near.once("data", (head) => {
        if (!/upgrade: websocket/i.test(head)) return;
        wait = delay;
        hold = released;
      });
      for (const [from, to] of [[near, far], [far, near]]) {
        let passed = Promise.resolve();
        to.setNoDelay(true);
        from.on("data", (data) => {
          const due = Promise.all([hold, sleep(wait)]);
          for (let at = 0; at < data.length; at += piece) {
            const part = data.subarray(at, at + piece);
            passed = passed.then(() => (piece < Infinity ? sleep(2) : due)).then(() => to.write(part));
          }
        });
        from.on("error", () => to.destroy());
        from.on("close", () => passed.then(() => sleep(wait)).then(() => to.destroy()));
      }
    });
    server.listen(0, "127.0.0.1", () => report(id, "listening", server.address().port));
    clients.set(id, server);
  },

  release({ id }) {
    releases.get(id)();
  },

  append({ id, text }) {
    clients.get(id).append(text);
  },

  // Breaks the connection without a word, as when the network fails. Only a WebSocket can be broken
  // like this; polling says goodbye.
  cut({ id }) {
    const { engine } = clients.get(id).io;
    if (engine.transport.ws) engine.transport.ws.terminate();
    else engine.close();
  },

  again({ id }) {
    clients.get(id).connect();
  },

  close({ id }) {
    clients.get(id)?.close?.();
    clients.delete(id);
  },
};

// A client that throws in an event handler must fail its test, without ending all the other
// clients.
process.on("uncaughtException", (error) => report(0, "fault", error.stack));

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    commands[command.do](command);
  })
  .on("close", () => process.exit(0));
