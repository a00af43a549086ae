"""Sockets: HTTP, WebSocket, Engine.IO and Socket.IO, down to the bytes and up to whole messages."""
