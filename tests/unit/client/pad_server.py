"""Puts the model server behind a real socket, with no more of Etherpad than a client needs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from padfleet.shared.client import Pad
from padfleet.shared.wire.jsontext import dumps, loads
from tests.unit.client.model_server import Message, ModelServer, Visitor


@dataclass(eq=False)
class Session:
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    ready: Message
    visitor: Visitor
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def batch(self) -> bool:
        return "NEW_CHANGES_BATCH" in self.ready.get("supports", [])

    @property
    def points(self) -> bool:
        return "CURSORS" in self.ready.get("supports", [])


@dataclass(eq=False)
class PadServer:
    """A server of the model. Several may share one model, like the workers of a fleet. Then each
    tells the `others` about commits."""

    model: ModelServer
    url: str = ""
    others: list[PadServer] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    came: list[Message] = field(default_factory=list)  #: all CLIENT_READY so far
    connects: list[str] = field(default_factory=list)
    pongs: list[str] = field(default_factory=list)
    pointed: list[Message] = field(default_factory=list)  #: all CURSOR so far
    passes_cursors: bool = True
    hangs: bool = False
    """The process is there and its connections stand, but it says nothing more."""
    drops: bool = False
    """Connections are taken, and dropped when somebody wants to join."""
    answer: Message | None = None
    """The answer to CLIENT_READY. None lets the client in."""
    swallow: int = 0
    """How many submissions are lost, together with the connections that they came over."""
    hurried: int = 0
    """How many submissions are accepted, but their connections are gone before the answer."""
    max_payload: int = 0
    """The size in bytes of the longest packet. A longer one breaks the connection. With 0 there is
    no limit, and none is announced."""
    refused: int = 0  #: how often that has happened
    auths: list[Any] = field(default_factory=list)  #: what came with each CONNECT
    hold: asyncio.Event | None = None
    """Holds back everything that is to be sent until it is set, so that messages gather."""

    def break_all(self) -> None:
        for session in self.sessions:
            session.transport.abort()

    async def tell(self, message: str) -> None:
        for session in self.sessions:
            await session.socket.send_str(message)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.hangs:
            await asyncio.Event().wait()
        assert request.transport is not None
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        opening = {"sid": "s", "upgrades": [], "pingInterval": 25000, "pingTimeout": 20000}
        if self.max_payload:
            opening["maxPayload"] = self.max_payload
        await socket.send_str("0" + json.dumps(opening))
        session: Session | None = None
        sending: asyncio.Task[None] | None = None
        try:
            async for received in socket:
                if self._ignores():
                    continue
                if received.type is WSMsgType.PING:
                    await socket.pong(received.data)
                    continue
                if received.type is not WSMsgType.TEXT:
                    break
                text: str = received.data
                if self.max_payload and len(text.encode()) > self.max_payload:
                    self.refused += 1
                    break
                if text.startswith("40"):
                    self.connects.append(text)
                    self.auths.append(loads(text[2:]) if text[2:] else None)
                    await socket.send_str('40{"sid":"s"}')
                elif text.startswith("3"):
                    self.pongs.append(text)
                elif text.startswith('42["message"'):
                    message = loads(text[2:])[1]
                    if message["type"] == "CLIENT_READY":
                        self.came.append(message)
                        if self.drops:
                            break
                        if self.answer is not None:
                            await _send(socket, self.answer)
                            continue
                        session = await self._let_in(socket, request.transport, message)
                        sending = asyncio.create_task(self._send_out(session))
                    elif session is not None and not self._commit(session, message["data"]):
                        break
        finally:
            if session is not None:
                self.sessions.remove(session)
                self.model.leave(session.visitor)
            if sending is not None:
                sending.cancel()
        return socket

    def _ignores(self) -> bool:
        return self.hangs  # a method, for it may have changed since it was looked at last

    async def _let_in(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport, ready: Message
    ) -> Session:
        author = "a." + ready["token"]
        if ready.get("reconnect"):
            visitor = self.model.come_back(author, ready["client_rev"])
        else:
            visitor, variables = self.model.join(author)
            data = {
                "collab_client_vars": variables,
                "userId": author,
                "readonly": False,
                "readOnlyId": "r.0",
            }
            if self.passes_cursors and "CURSORS" in ready.get("supports", []):
                data["cursors"] = True
            await _send(socket, {"type": "CLIENT_VARS", "data": data})
        session = Session(socket, transport, ready, visitor)
        session.wake.set()
        self.sessions.append(session)
        return session

    def _commit(self, session: Session, data: Message) -> bool:
        """Handles a message. Returns False if the connection has to break."""
        if data["type"] == "CURSOR":
            self.pointed.append(data)
            everybody = [one for server in (self, *self.others) for one in server.sessions]
            pointing = [one for one in everybody if one.points]
            self.model.point(session.visitor, data, [one.visitor for one in pointing])
            for one in pointing:
                one.wake.set()
            return True
        if self.swallow:
            self.swallow -= 1
            return False
        self.model.submit(session.visitor, data)
        for server in (self, *self.others):
            for other in server.sessions:
                if other is not session or not self.hurried:
                    other.wake.set()
        if self.hurried:
            self.hurried -= 1
            return False
        return True

    async def _send_out(self, session: Session) -> None:
        while True:
            await session.wake.wait()
            session.wake.clear()
            if self.hold is not None:
                await self.hold.wait()
            for data in session.visitor.take(1000, batch=session.batch):
                await _send(session.socket, {"type": "COLLABROOM", "data": data})


async def _send(socket: web.WebSocketResponse, message: Any) -> None:
    await socket.send_str("42" + dumps(["message", message]))


@asynccontextmanager
async def serving(*servers: PadServer) -> AsyncIterator[list[str]]:
    """Runs servers that belong together. Yields the addresses of a pad on them."""
    running = []
    try:
        for server in servers:
            server.others = [other for other in servers if other is not server]
            app = web.Application()
            app.router.add_get("/socket.io/", server.handle)
            test_server = TestServer(app)
            await test_server.start_server()
            running.append(test_server)
            server.url = f"http://127.0.0.1:{test_server.port}"
        yield [f"{server.url}/p/test" for server in servers]
    finally:
        for test_server in running:
            await test_server.close()


async def within(pad: Pad, condition: Callable[[], bool]) -> None:
    await asyncio.wait_for(pad.until(condition), 10)
