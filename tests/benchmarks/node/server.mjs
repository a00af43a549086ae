// Node's socket.io, as it comes: the server that Etherpad is built on, without Etherpad.
//
// Each line on standard input, {"how": "emit" | "room", "message": …}, goes to all sockets:
// to each by an emit of its own, which is how Etherpad sends a revision, or by one to a room.
// Prints its port as JSON, and ends with its standard input.

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
