"""The fan-out worker: holds the sockets of the clients and brings each one up to date.

In: `app` takes a socket, `messages` reads what it says, `auth` says what it may, `join` puts it on
a pad, `commits` sends its edits to the writer, `collab` serves its other messages, `timeslider`
looks back for it; `expired` ends what it may no longer. `hooks` is where other people's code takes
part. Out: `room` follows a pad's channel into a `feed`, `beside` what lies beside its revisions;
`turns` and `pacing` say when it may send, `flush` and `runs` what, `express` and `session` send it
to each, `exit` is the one way out of each socket.

Under it: `engine` and `socketio_server` are the libraries' protocol over our own sockets, `line`
and `websocket` a WebSocket's connection. `window` knows what has arrived.
"""
