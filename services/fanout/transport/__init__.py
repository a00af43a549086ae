"""This package runs the sockets: HTTP, WebSocket, Engine.IO and Socket.IO, from bytes up to whole
messages."""
