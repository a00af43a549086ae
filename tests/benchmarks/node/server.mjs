// A plain server of Node's socket.io, which Etherpad is built on, without Etherpad.
//
// Each line on standard input, {"how": "emit" | "room", "message": …}, is sent to all sockets: with
// "emit" by a separate emit to each, as Etherpad sends revisions, and with "room" by one emit to a
// room. The server prints its port as JSON, and ends when its standard input does.

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
const ROOM = "pad";
io.on("connection", (socket) => socket.join(ROOM));

http.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: http.address().port }));
});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { how, message } = JSON.parse(line);
    if (how === "room") io.to(ROOM).emit("message", message);
    else for (const socket of io.sockets.sockets.values()) socket.emit("message", message);
  })
  .on("close", () => process.exit());
