"""This module provides Socket.IO over our Engine.IO: python-socketio, without its rooms."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import socketio
from engineio.exceptions import SocketIsClosedError
from socketio import packet as packets

from padfleet.services.fanout.transport.engine_server import EngineServer
from padfleet.services.fanout.transport.engine_socket import EngineSocket
from padfleet.services.fanout.transport.malformed import MalformedPacket
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.bucket import RateLimit
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.wire import jsontext

EVENT = "message"
"""The name of the only event there is; all of Etherpad's messages use it."""

MESSAGES_PATIENCE = 10.0
"""How many seconds' worth of messages a socket may be ahead of its rate, beyond the burst, before
it is closed because it sends regardless of whether it is read."""


OnConnect = Callable[[str, dict[str, Any], Any], None]
"""This is called with the id of a new client, the request that opened its connection, and what it
brings."""

LONGEST_NAMESPACE = 200
"""How many characters the name of a namespace may have: the refusal to let somebody in repeats it.
A client that sent a megabyte of it, and did not read, was kept all that it had sent."""


class Registry(socketio.AsyncManager):  # type: ignore[misc]
    """Knows which sockets are connected. It replaces python-socketio's manager, for one namespace
    and no rooms.

    The library's manager puts each socket into a room of its own, and looks through all rooms
    whenever a socket leaves. That takes 2 ms per socket when there are 10,000, and they may all
    leave at once. Fan-out does not use these rooms.
    """

    def __init__(self) -> None:
        super().__init__()
        self._eio_sids: dict[str, str] = {}
        self._sids: dict[str, str] = {}  # by eio_sid
        self._joining: set[str] = set()
        self._leaving: set[str] = set()

    def get_namespaces(self) -> Iterable[str]:
        return ("/",)

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        raise NotImplementedError(
            "there are no rooms: everything that a socket is sent goes through its outbound"
        )

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        if namespace != "/" or eio_sid in self._sids:
            return None
        sid: str = self.server.eio.generate_id()
        self._eio_sids[sid] = eio_sid
        self._sids[eio_sid] = sid
        self._joining.add(sid)
        return sid

    async def connect(self, sid: str, namespace: str) -> str:
        self._joining.discard(sid)
        return sid

    def connect_at_once(self, eio_sid: str) -> str:
        """Does what `pre_connect` and `connect` do, for a socket that is not connected yet, with
        nothing in between."""
        sid: str = self.server.eio.generate_id()
        self._eio_sids[sid] = eio_sid
        self._sids[eio_sid] = sid
        return sid

    def is_joining(self, eio_sid: str) -> bool:
        return self._sids.get(eio_sid) in self._joining

    def is_connected(self, sid: str, namespace: str) -> bool:
        if namespace != "/":
            return False
        return sid in self._eio_sids and sid not in self._joining and sid not in self._leaving

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        # A client that leaves a namespace that it is not in has not left ours. Otherwise it would
        # count as gone, and yet stay on its pad forever.
        return self._sids.get(eio_sid) if namespace == "/" else None

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        return self._eio_sids.get(sid)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        self._leaving.add(sid)
        return self._eio_sids.get(sid)

    def basic_disconnect(self, sid: str, namespace: str, **_options: Any) -> None:
        eio_sid = self._eio_sids.pop(sid, None)
        if eio_sid is not None:
            self._sids.pop(eio_sid, None)
        self._joining.discard(sid)
        self._leaving.discard(sid)


class _Json:
    """The part of a JSON module that python-socketio needs. Ours preserves lone surrogates in both
    directions."""

    @staticmethod
    def dumps(value: Any, **_options: Any) -> str:
        return jsontext.dumps(value)

    @staticmethod
    def loads(text: str | bytes) -> Any:
        return jsontext.loads(text, most=jsontext.MOST_VALUES)


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """A Socket.IO server over `EngineServer`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(client_manager=Registry(), **options)
        self._on_connect: OnConnect | None = None
        self.eio.connects = self._connects

    def on_connect(self, handler: OnConnect) -> None:
        """Has `handler` called for each client that connects. It may raise the library's
        `ConnectionRefusedError` for one that has left and comes again over the same connection."""
        self._on_connect = handler
        self.on("connect", handler)

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        """Takes a message of the engine. Raises `MalformedPacket`."""
        if eio_sid not in self.environ:
            return  # it left before all that it had sent was read
        packet = self._read(data)
        match packet.packet_type:
            case packets.CONNECT:
                await self._handle_connect(eio_sid, packet.namespace, packet.data)
            case packets.DISCONNECT:
                why = self.reason.CLIENT_DISCONNECT
                await self._handle_disconnect(eio_sid, packet.namespace, why)
            case packets.EVENT:
                await self._handle_event(eio_sid, packet.namespace, packet.id, packet.data)
            case packets.ACK:
                if packet.id is None:
                    raise MalformedPacket("an acknowledgement of nothing")
            case other:
                # Nothing in Etherpad is binary. The library would keep whatever follows such a
                # packet until all the attachments that it announces are there, and it may announce
                # ten thousand million.
                raise MalformedPacket(f"a packet of type {other}, which clients do not send")

    def _read(self, data: Any) -> packets.Packet:
        """Returns the packet that is in a message of the engine. Raises `MalformedPacket`."""
        if not isinstance(data, str):
            raise MalformedPacket("not a packet in text")
        try:
            packet = self.packet_class(encoded_packet=data)
        except (ValueError, RecursionError) as error:
            raise MalformedPacket(f"not a packet of Socket.IO: {error}") from None
        if len(packet.namespace or "") > LONGEST_NAMESPACE:
            raise MalformedPacket("a namespace that is too long")
        return packet

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        if pkt.packet_type != packets.CONNECT:
            await super()._send_packet(eio_sid, pkt)
            return
        socket = self.eio.sockets.get(eio_sid)
        if socket is None:
            raise SocketIsClosedError  # it has just left
        socket.write(_connected(pkt.data["sid"]))

    def _connects(self, socket: EngineSocket) -> bool:
        """Lets in a client that brings nothing, in the turn in which it asks for that. The library
        takes several times as long, and does it in the rare cases. Returns False in those."""
        environ = self.environ.get(socket.sid)
        on_connect = self._on_connect
        if on_connect is None or not environ or socket.exit.closed:
            return False
        if self.manager.sid_from_eio_sid(socket.sid, "/") is not None:
            return False
        sid = self.manager.connect_at_once(socket.sid)
        on_connect(sid, environ, None)
        socket.write(_connected(sid))
        return True

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        try:
            await super()._handle_connect(eio_sid, namespace, data)
        except Exception:
            # It left before it could be sent that it is in. The library regards it as joining, so
            # it would never count as gone, and we would keep its socket forever.
            if self.manager.is_joining(eio_sid):
                await self.manager.connect(self.manager.sid_from_eio_sid(eio_sid, "/"), "/")
                await self._handle_disconnect(eio_sid, "/", self.reason.TRANSPORT_CLOSE)
            raise

    async def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: Any) -> None:
        # The library's table of handlers contains `connect` and `disconnect`, too. With it, an
        # event of such a name would run our handler for the beginning or end of a connection.
        if not isinstance(data, list) or not data or not isinstance(data[0], str):
            raise MalformedPacket("an event without a name")
        if data[0] != EVENT:
            return
        socket = self.eio.sockets.get(eio_sid)
        if socket is None:
            return
        await socket.intake.room()
        sid = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if sid is not None and self.manager.is_connected(sid, "/"):
            socket.take(self._answer_event(sid, eio_sid, data, id))

    async def _answer_event(self, sid: str, eio_sid: str, data: list[Any], id: int | None) -> None:
        # The last step is the acknowledgement; a client that has gone in the meantime needs none.
        with suppress(SocketIsClosedError):
            await self._handle_event_internal(self, sid, eio_sid, data, "/", id)


def _connected(sid: str) -> Frame:
    """Returns the packet that says to a client that it is connected."""
    # `resume_token` uses `pid`. It is different each time: a client learns by other means what got
    # lost.
    name = sid.encode()
    return Frame(b'40{"sid":"%b","pid":"%b"}' % (name, name))


def open_server(settings: FanoutSettings) -> SocketServer:
    """Returns a server with these settings, which reads each socket as fast as they say. The caller
    has to attach it to an application."""
    server = SocketServer(
        async_mode="aiohttp",
        json=_Json,
        logger=library_logger("socketio.server"),
        engineio_logger=library_logger("engineio.server"),
        ping_interval=settings.ping_interval_ms / 1000,
        ping_timeout=settings.ping_timeout_ms / 1000,
        max_http_buffer_size=settings.max_message_bytes,
        http_compression=False,  # see `pollbody`
        # This is only for the headers of its answers; `doorman` decides who may come.
        cors_allowed_origins="*",
    )
    rate = settings.messages_per_second
    server.eio.pace = RateLimit(rate, 10 * rate, MESSAGES_PATIENCE)
    server.eio.compression = settings.compression == "on"
    return server


class _MilderOnClients(logging.Filter):
    """Leaves out what the libraries log about clients that have gone. A request that makes no sense
    becomes a warning: the engine logs it as an error, once for each kind."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, SocketIsClosedError):
            return False  # it left before it was answered, which is nobody's fault
        if error is None and record.levelno == logging.ERROR:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def library_logger(name: str) -> logging.Logger:
    """Returns a logger for socketio or engineio. By default they add handlers of their own, which
    would write a second, bare line in addition to ours."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    if not logger.filters:
        logger.addFilter(_MilderOnClients())
    return logger
