"""Sockets: HTTP, WebSocket, Engine.IO and Socket.IO, from the bytes up to whole messages."""
