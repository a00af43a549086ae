"""Tests that a client is let in at once if it brings nothing, and otherwise as the library does
it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refused

from padfleet.services.fanout.transport.socketio_server import SocketServer, open_server
from padfleet.shared.settings import FanoutSettings


class Door:
    """A server with nothing behind it, and those whom it has let in."""

    def __init__(self) -> None:
        self.server: SocketServer = open_server(FanoutSettings())
        self.came: list[tuple[str, Any]] = []
        self.left: list[str] = []
        self.server.on_connect(self._connect)
        self.server.on("disconnect", self._disconnect)
        self.by_the_library = 0
        handle = self.server._handle_connect

        async def counted(*args: Any) -> None:
            self.by_the_library += 1
            await handle(*args)

        cast(Any, self.server)._handle_connect = counted

    def _connect(self, sid: str, environ: dict[str, Any], auth: Any) -> None:
        if environ.pop("aiohttp.request", None) is None:
            raise Refused("it has left")
        environ.clear()
        self.came.append((sid, auth))

    async def _disconnect(self, sid: str, _reason: Any = None) -> None:
        self.left.append(sid)

    @contextlib.asynccontextmanager
    async def socket(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        app = web.Application()
        self.server.attach(app)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(
                    f"http://{host}:{port}/socket.io/?EIO=4&transport=websocket"
                ) as ws,
            ):
                assert (await ws.receive_str()).startswith("0")
                yield ws
        finally:
            await self.server.shutdown()
            await runner.cleanup()


async def test_a_client_that_brings_nothing_is_let_in_without_the_library() -> None:
    door = Door()
    async with door.socket() as ws:
        await ws.send_str("40")
        sid, auth = await _first(ws, door)
        assert auth is None
        assert door.by_the_library == 0
        assert door.server.manager.is_connected(sid, "/")


async def _first(ws: aiohttp.ClientWebSocketResponse, door: Door) -> tuple[str, Any]:
    answer = await ws.receive_str()
    ((sid, auth),) = door.came
    assert answer == f'40{{"sid":"{sid}","pid":"{sid}"}}'
    return sid, auth


async def test_what_it_brings_is_passed_on() -> None:
    door = Door()
    async with door.socket() as ws:
        await ws.send_str('40{"token":"x"}')
        assert (await _first(ws, door))[1] == {"token": "x"}
        assert door.by_the_library == 1


@pytest.mark.parametrize("again", ["40", '40{"token":"x"}'])
async def test_nobody_is_let_in_twice(again: str) -> None:
    door = Door()
    async with door.socket() as ws:
        await ws.send_str("40")
        await _first(ws, door)
        await ws.send_str(again)
        assert (await ws.receive_str()).startswith("44")
        assert len(door.came) == 1


async def test_who_has_left_does_not_come_again_over_the_same_connection() -> None:
    door = Door()
    async with door.socket() as ws:
        await ws.send_str("40")
        await _first(ws, door)
        await ws.send_str("41")
        await ws.send_str("40")
        assert (await ws.receive_str()).startswith("44")
        assert len(door.came) == len(door.left) == 1


async def test_what_follows_at_once_finds_it_connected() -> None:
    door = Door()
    heard: list[Any] = []

    async def message(_sid: str, content: Any = None) -> str:
        heard.append(content)
        return "answer"

    door.server.on("message", message)
    async with door.socket() as ws:
        await ws.send_str("40")
        await ws.send_str('427["message",{"a":1}]')
        await _first(ws, door)
        assert await ws.receive_str() == '437["answer"]'
        assert heard == [{"a": 1}]
