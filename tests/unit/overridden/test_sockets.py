"""Tests what a worker overrides of python-engineio, python-socketio and aiohttp.

A failure here means that a new version of a library has changed inside. The docstring of the
override says what it does. Find where the library does that now, then change `POINTS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from engineio import AsyncServer as EngineBase
from engineio.async_socket import AsyncSocket
from socketio import AsyncManager
from socketio import AsyncServer as SocketIOBase

from padfleet.services.fanout.limits.connections import Connections
from padfleet.services.fanout.limits.descriptors import Descriptors
from padfleet.services.fanout.limits.open_connection import OpenConnection
from padfleet.services.fanout.transport.engine_server import EngineServer
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.services.fanout.transport.pollbody import PollBody
from padfleet.services.fanout.transport.socketio_server import Registry, SocketServer, open_server
from padfleet.services.fanout.transport.websocket_connection import Detached
from padfleet.shared.serving import Runner, ServerConnection
from padfleet.shared.settings import FanoutSettings
from tests.eventually import eventually
from tests.unit.overridden.points import Calls, Point, check_signature, overridden

LEAN = "a socket has the library's queue and tasks again, and a second way out beside its Outbound"
JOINED = "who is connected is not known"

POINTS = (
    Point(AsyncSocket, EngineSocket, "send", "async (self, pkt)", LEAN),
    Point(AsyncSocket, EngineSocket, "poll", "async (self)", LEAN),
    Point(
        AsyncSocket,
        EngineSocket,
        "close",
        "async (self, wait=True, abort=False, reason=None)",
        "a socket that ends stays in its room, and its Outbound open",
    ),
    Point(
        AsyncSocket,
        EngineSocket,
        "handle_post_request",
        "async (self, environ)",
        "packets that cannot be read are answered with OK",
    ),
    Point(
        AsyncSocket,
        EngineSocket,
        "_upgrade_websocket",
        "async (self, environ)",
        "WebSockets are read and written by aiohttp: four times the memory",
    ),
    Point(EngineBase, EngineServer, "create_queue", "(self, *args, **kwargs)", LEAN),
    Point(
        EngineBase,
        EngineServer,
        "_handle_connect",
        "async (self, environ, transport, jsonp_index=None)",
        "sockets are the library's own, not EngineSocket",
    ),
    Point(
        EngineBase,
        EngineServer,
        "_ok",
        "(self, packets=None, headers=None, jsonp_index=None)",
        "long messages are copied for each poll",
    ),
    Point(
        EngineBase,
        EngineServer,
        "disconnect",
        "async (self, sid=None)",
        "a socket that is let go is waited for",
    ),
    Point(EngineBase, EngineServer, "shutdown", "async (self)", "a worker's end leaves sockets"),
    Point(AsyncManager, Registry, "get_namespaces", "(self)", JOINED),
    Point(AsyncManager, Registry, "pre_connect", "async (self, eio_sid, namespace)", JOINED),
    Point(AsyncManager, Registry, "connect", "async (self, sid, namespace)", JOINED),
    Point(AsyncManager, Registry, "is_connected", "(self, sid, namespace)", JOINED),
    Point(AsyncManager, Registry, "sid_from_eio_sid", "(self, eio_sid, namespace)", JOINED),
    Point(AsyncManager, Registry, "pre_disconnect", "(self, sid, namespace)", JOINED),
    Point(
        AsyncManager,
        Registry,
        "basic_disconnect",
        "(self, sid, namespace, **kwargs)",
        "each socket that leaves is looked for in all rooms",
    ),
    Point(
        SocketIOBase,
        SocketServer,
        "_engineio_server_class",
        "(self)",
        "the engine below is the library's own",
    ),
    Point(
        SocketIOBase,
        SocketServer,
        "_send_packet",
        "async (self, eio_sid, pkt)",
        "clients are given no resume token",
    ),
    Point(
        RequestHandler,
        ServerConnection,
        "handle_error",
        "(self, request, status=500, exc=None, message=None)",
        "what is no request of HTTP is quoted in the log, and answered without safe headers",
    ),
    Point(
        RequestHandler,
        ServerConnection,
        "log_exception",
        "(self, *args, **kw)",
        "anybody can fill the log",
    ),
    Point(
        RequestHandler,
        OpenConnection,
        "connection_made",
        "(self, transport)",
        "connections are not counted",
    ),
    Point(
        RequestHandler,
        OpenConnection,
        "connection_lost",
        "(self, exc)",
        "connections that have gone are counted",
    ),
    Point(
        RequestHandler,
        OpenConnection,
        "data_received",
        "(self, data)",
        "requests take each other's turn",
    ),
    Point(
        RequestHandler,
        OpenConnection,
        "pause_reading",
        "(self)",
        "who is not read from is taken for slow",
    ),
    Point(
        RequestHandler,
        OpenConnection,
        "resume_reading",
        "(self, resume_parser=True)",
        "who is read from again has all the time",
    ),
    Point(
        web.AppRunner,
        Runner,
        "_make_server",
        "async (self)",
        "connections are aiohttp's own, not ServerConnection",
    ),
    Point(web.Response, Detached, "prepare", "async (self, request)", "an upgrade is answered"),
    Point(web.Response, Detached, "write_eof", "async (self, data=b'')", "an upgrade is answered"),
)

OURS_ALONE = {
    (EngineBase, "handle_request"): "the library reads all of a request that opens a WebSocket",
    (AsyncSocket, "receive"): "messages are not limited",
    (AsyncSocket, "schedule_ping"): "each socket has a task for its pings",
    (AsyncSocket, "check_ping_timeout"): "sockets are closed that the heartbeat takes for alive",
    (AsyncManager, "get_participants"): "whoever emits to a room is not told that there is none",
    (AsyncManager, "eio_sid_from_sid"): JOINED,
    (SocketIOBase, "_handle_eio_message"): "no message of a client is read",
    (
        SocketIOBase,
        "_handle_connect",
    ): "nobody is let in, or those who go meanwhile are kept for good",
    (SocketIOBase, "_handle_event"): "a client may call our handlers for connect and disconnect",
}
"""Overridden, too, and called by the library only in what we have overridden, or do not use, or
handed by it to aiohttp: each with what does not hold any more if there is no such method, and the
library has another instead."""


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_the_library_still_has_what_is_overridden(point: Point) -> None:
    check_signature(point)


@pytest.mark.parametrize(("base", "name"), OURS_ALONE, ids=str)
def test_what_we_call_ourselves_is_still_there(base: type, name: str) -> None:
    assert hasattr(base, name), f"{base.__name__}.{name} has gone: {OURS_ALONE[base, name]}"


def test_every_override_has_its_test() -> None:
    ours = {point.ours for point in POINTS}
    libraries = ("engineio", "socketio", "aiohttp")
    found = {(cls, name) for cls in ours for lib in libraries for name in overridden(cls, lib)}
    spared = {
        (cls, name)
        for cls in ours
        for base, name in OURS_ALONE
        if issubclass(cls, base) and name in vars(cls)
    }
    assert found == {(point.ours, point.name) for point in POINTS} | spared


def test_what_we_use_of_their_private_parts_is_there() -> None:
    """Each in the place named; where one has gone, that place fails at run time."""
    engine = SocketServer(async_mode="aiohttp").eio
    assert {"translate_request", "make_response"} <= set(engine._async), "engine_server._driver"
    assert "message" in engine.handlers, "EngineServer.deliver"
    for name in ("_trigger_event", "_upgrades", "_bad_request", "generate_id", "sockets"):
        assert hasattr(engine, name), f"EngineServer uses {name}"
    for name in ("SERVER_DISCONNECT", "PING_TIMEOUT", "TRANSPORT_CLOSE"):
        assert hasattr(engine.reason, name), f"EngineSocket says why it ends: {name}"
    for name in ("_handle_event_internal", "_handle_disconnect", "packet_class"):
        assert hasattr(SocketIOBase(), name), f"SocketServer uses {name}"
    handler = RequestHandler(
        web.Server(_unused, loop=asyncio.new_event_loop()), loop=asyncio.new_event_loop()
    )
    for name in (
        "_force_close",  # ServerConnection.log_exception
        "_messages",  # serving._bounded: the requests that wait behind this one
        "_reading_paused",  # OpenConnection.read, and the next three
        "_buffer_paused",
        "_pause_transport_reading",
        "_resume_transport_reading",
    ):
        assert hasattr(handler, name), f"aiohttp's RequestHandler has no {name}"
    for name in ("_loop", "_kwargs", "request_handler", "request_factory"):
        server = web.Server(_unused, loop=asyncio.new_event_loop())
        assert hasattr(server, name), f"Runner uses {name} of aiohttp's server"


async def _unused(_request: web.BaseRequest) -> web.StreamResponse:
    return web.Response()


async def _fails(_request: web.BaseRequest) -> web.StreamResponse:
    raise RuntimeError("a fault of the handler")


# --- Whether they are called ---------------------------------------------------------------------


class Server:
    """Socket.IO on a port of this machine, as a worker has it, and what its handlers were told."""

    def __init__(self) -> None:
        self.sio = open_server(FanoutSettings())
        self.heard: list[Any] = []
        self.sids: list[str] = []
        self.goes_on = asyncio.Event()
        connections = Connections(
            Descriptors(10_000),
            timeout=60,
            total=0,
            per_address=0,
            is_proxy=lambda _: False,
            served=self.sio.eio,
            end_a_socket=lambda: False,
        )
        app = web.Application(middlewares=[connections.middleware])
        app.router.add_post("/fails", _fails)
        app.router.add_post("/read-late", self._read_late)
        self.sio.attach(app)
        self.sio.on("connect", self._connect)
        self.sio.on("message", self._message)
        self.sio.on("disconnect", self._disconnect)
        self.runner = Runner(app, handler=connections.connection, access_log=None)

    async def _connect(self, sid: str, _environ: dict[str, Any], _auth: Any = None) -> None:
        self.sids.append(sid)

    async def _message(self, _sid: str, content: Any = None) -> Any:
        self.heard.append(content)
        return "answer"

    async def _disconnect(self, sid: str, _reason: Any = None) -> None:
        self.sids.remove(sid)

    async def _read_late(self, request: web.Request) -> web.Response:
        await self.goes_on.wait()
        return web.Response(text=str(len(await request.read())))

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.runner.addresses[0][:2]
        return host, port


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    await server.runner.setup()
    await web.TCPSite(server.runner, "127.0.0.1", 0).start()
    try:
        yield server
    finally:
        await server.sio.shutdown()
        await server.runner.cleanup()


async def _by_polling_then_websocket(server: Server, session: aiohttp.ClientSession) -> None:
    path = "/socket.io/?EIO=4&transport="
    async with session.get(f"{path}polling") as response:
        opened = json.loads((await response.text())[1:])
    here = f"polling&sid={opened['sid']}"

    async def post(body: str) -> None:
        async with session.post(path + here, data=body) as response:
            assert response.status == 200, await response.text()

    async def poll() -> str:
        async with session.get(path + here) as response:
            return await response.text()

    await post("40")
    assert '"pid"' in await poll()
    await post('420["message","a question"]')
    assert await poll() == '430["answer"]'
    async with session.ws_connect(f"{path}websocket&sid={opened['sid']}") as ws:
        await ws.send_str("2probe")
        assert await ws.receive_str() == "3probe"
        await ws.send_str("5")
        assert await ws.receive_str() == "6", "what would have ended a poll"
        await ws.send_str('421["message","over a WebSocket"]')
        assert await ws.receive_str() == '431["answer"]'
        await ws.send_str("41")
        await eventually(lambda: not server.sids, "it has left")


async def _by_websocket_until_let_go(server: Server, session: aiohttp.ClientSession) -> None:
    async with session.ws_connect("/socket.io/?EIO=4&transport=websocket") as ws:
        assert (await ws.receive_str()).startswith("0")
        await ws.send_str("40")
        assert (await ws.receive_str()).startswith("40")
        (sid,) = server.sids
        await server.sio.disconnect(sid)
        await server.sio.eio.disconnect()
        while not (await ws.receive()).type & 0x100:  # CLOSE, CLOSING, CLOSED
            pass


async def _malformed(server: Server, session: aiohttp.ClientSession) -> None:
    path = "/socket.io/?EIO=4&transport=polling"
    async with session.get(path) as response:
        sid = json.loads((await response.text())[1:])["sid"]
    async with session.post(f"{path}&sid={sid}", data="no packet") as response:
        assert response.status == 400
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"NOTHING OF THE KIND\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()


async def _failing(session: aiohttp.ClientSession) -> None:
    async with session.post("/fails") as response:
        assert response.status == 500


async def _more_than_is_read(server: Server, session: aiohttp.ClientSession) -> None:
    body = b"x" * 900_000  # more than a connection holds for a handler that does not read
    asking = asyncio.ensure_future(session.post("/read-late", data=body))
    handlers = server.runner.server
    assert handlers is not None
    await eventually(
        lambda: any(getattr(each, "held", False) for each in handlers.connections), "it is held"
    )
    server.goes_on.set()
    async with await asking as response:
        assert await response.text() == str(len(body))


@pytest.fixture(scope="module")
def calls() -> Calls:
    """Returns the calls that are made while clients come, ask and leave in each of the possible
    ways."""
    calls = Calls()

    async def live() -> None:
        async with (
            asyncio.timeout(60),
            serving() as server,
            aiohttp.ClientSession("http://{}:{}".format(*server.address)) as session,
        ):
            await _by_polling_then_websocket(server, session)
            await _by_websocket_until_let_go(server, session)
            await _malformed(server, session)
            await _failing(session)
            await _more_than_is_read(server, session)
            assert server.heard == ["a question", "over a WebSocket"]

    with pytest.MonkeyPatch.context() as patch:
        calls.note(patch, POINTS)
        asyncio.run(live())
    return calls


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_the_library_still_calls_what_is_overridden(calls: Calls, point: Point) -> None:
    library = point.base.__module__.split(".")[0]
    assert calls.by_libraries(point), f"{library} does not call {point} any more: {point.why}"


def test_the_driver_still_takes_a_response_that_is_awaited() -> None:
    """`poll_response` gives the library a coroutine function in the place of a plain one, and
    `PollBody` in the place of bytes, of which it only asks the length."""
    engine = SocketServer(async_mode="aiohttp").eio
    assert inspect.iscoroutinefunction(engine._async["make_response"])
    assert len(PollBody(())) == 0
    source = inspect.getsource(EngineBase._make_response)
    assert "iscoroutinefunction(make_response)" in source
