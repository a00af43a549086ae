"""Sockets: HTTP, WebSocket, Engine.IO and Socket.IO, from bytes to whole messages.

Begin with `engine_socket`, a client's socket, and `outbound`, the only way out to it.
`engine_server` makes the sockets, `socketio_server` is Socket.IO on top of it, and `packets` are
messages, encoded once.

- WebSocket: `websocket` (pure) is the protocol, and `websocket_connection` the connection;
  `deflate`, `deflate_offer` and `inflate` compress.
- Polling: `post_body` is what a client sends, and `pollbody` what it is answered.
- For all sockets: `malformed` says what becomes of input that cannot be read, `heartbeat` sends
  pings, `read_control` says when a socket is read, `intake` counts messages that are being
  processed, and `disconnect_turns` limits how many sockets are cleaned up at a time.
"""
