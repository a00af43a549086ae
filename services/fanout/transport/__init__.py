"""Sockets: HTTP, WebSocket, Engine.IO and Socket.IO, from bytes to whole messages.

Begin with `outbound`, the only way out to a socket, and `engine`, which reads and writes all
sockets. `socketio_server` is Socket.IO on top of it, and `packets` are messages, encoded once.

- WebSocket: `websocket` (pure) is the protocol, and `websocket_connection` the connection;
  `deflate`, `deflate_offer` and `inflate` compress.
- Polling: `pollbody`.
- For all sockets: `heartbeat` sends pings, `intake` counts messages that are being processed, and
  `farewells` limits how many sockets are cleaned up at a time.
"""
