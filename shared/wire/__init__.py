"""This package is about the wire between clients and servers: Socket.IO packets, and JSON in which
a lone surrogate survives (`jsontext`). `socketio` is for our own clients; the packets of workers
are in `services/fanout/transport`."""
