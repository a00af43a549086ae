"""Simulates connections between hosts, in memory: latency, order, back-pressure, and faults.

Bytes of one connection arrive in order, in pieces of any size; connections overtake each other. A
host's kernel works even while the program is frozen: it takes connections and bytes until its
buffers are full. A link between two hosts that is cut swallows whatever is sent, which arrives when
it is mended, as TCP sends it again.
"""

from __future__ import annotations

import asyncio
import errno
import random
import socket as socket_module
from asyncio import transports
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Final

from tests.world.disguise import FIRST_FD, NotSimulated
from tests.world.host import HOST, Host, here
from tests.world.loop import WorldLoop
from tests.world.trace import Trace

READ: Final = 256 << 10
"""How many bytes one read returns at most, as in asyncio."""

PARTED: Final = 0.03
"""How often a write travels in two parts, and how often a read returns only a part."""

BYTES_LIKE: Final = (bytes, bytearray, memoryview)
"""What can be written. A union of types would be made anew for each write."""

Factory = Callable[[], asyncio.BaseProtocol]


class SimulatedSocket:
    """The part of a socket that asyncio, aiohttp, redis-py and padfleet use."""

    is_simulated: Final = True
    family = socket_module.AF_INET
    type = socket_module.SOCK_STREAM
    proto = socket_module.IPPROTO_TCP

    def __init__(self, network: Network, fd: int) -> None:
        self._network = network
        self._fd = fd
        self.end: End | None = None

    def fileno(self) -> int:
        return self._fd

    def getpeername(self) -> tuple[str, int]:
        if self.end is None:
            raise OSError(errno.ENOTCONN, "not connected")
        return self.end.peer_address

    def getsockname(self) -> tuple[str, int]:
        return self.end.address if self.end is not None else ("0.0.0.0", 0)

    def setsockopt(self, *_: Any) -> None:
        """Does nothing: no option has an effect here."""

    def getsockopt(self, *_: Any) -> int:
        return 0

    def setblocking(self, _: bool) -> None:
        pass

    def settimeout(self, _: float | None) -> None:
        pass

    def gettimeout(self) -> float:
        return 0.0

    def bind(self, _: Any) -> None:
        pass

    def shutdown(self, _how: int) -> None:
        if self.end is not None:
            self.end.reset()

    def detach(self) -> int:
        fd, self._fd = self._fd, -1
        return fd

    def close(self) -> None:
        """Closes the socket, if it never got a transport; otherwise the transport closes it."""
        if self.end is not None and self.end.transport is None:
            self.end.reset()
        self._fd = -1

    def __enter__(self) -> SimulatedSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self._fd = -1


class End:
    """One end of a connection, as the kernel of a host sees it."""

    def __init__(
        self, network: Network, host: Host, address: tuple[str, int], room: int, fd: int
    ) -> None:
        """Takes the host's address; `room` is how many bytes fit into its buffer and are on their
        way to it, together."""
        self.network = network
        self.host = host
        self.address = address
        self.room = room
        self.peer: End = self
        self.peer_address = ("", 0)
        self.fd = fd
        self._label = f"{host.name}:{address[1]}".encode()
        self.inbox = bytearray()
        self.on_way = 0
        self.transport: WorldTransport | None = None
        self.ended = False  #: the other side has sent its last byte, and it has arrived
        self.broken: OSError | None = None
        self.wants_room = False
        self.closed = False
        self.gone = False  #: gone with its whole machine
        self.sent_all = False
        self._last = 0.0  #: when the last write arrives
        self._held: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    # --- Out -------------------------------------------------------------------------------------

    def send(self, data: Any) -> int:
        """Sends data, and returns how many bytes the kernel takes, which may be 0. Raises
        OSError."""
        if self.broken is not None:
            raise self.broken
        if self.sent_all or self.closed:
            raise BrokenPipeError(errno.EPIPE, "the connection is shut down")
        peer, size = self.peer, len(data)
        free = peer.room - len(peer.inbox) - peer.on_way
        if free <= 0:
            self.wants_room = True
            return 0
        if size <= free:
            piece = data if type(data) is bytes else bytes(data)
        else:
            piece, size = bytes(data[:free]), free
            self.wants_room = True
        peer.on_way += size
        dice = self.network.dice
        if size > 1 and dice.random() < PARTED:
            at = dice.randrange(1, size)
            self._arrives(peer._take, piece[:at])
            self._arrives(peer._take, piece[at:])
        else:
            self._arrives(peer._take, piece)
        return size

    def finish(self) -> None:
        """Ends sending."""
        if not self.sent_all and self.broken is None:
            self.sent_all = True
            self._arrives(self.peer._take_end)

    def close(self) -> None:
        """Lets go of the connection. Data that the program has not read is lost, and the peer is
        told so."""
        if self.closed:
            return
        self.network.forget(self)
        unread = bool(self.inbox) or self.on_way
        self.closed = True
        if unread and self.broken is None:
            self._arrives(self.peer._break, ConnectionResetError(errno.ECONNRESET, "reset by peer"))
        else:
            self.finish()

    def reset(self) -> None:
        """Breaks the connection at once, for both sides; data on its way is lost."""
        self._break(ConnectionResetError(errno.ECONNRESET, "connection reset"))
        self.peer._break(ConnectionResetError(errno.ECONNRESET, "connection reset"))

    def _arrives(self, call: Callable[..., None], *args: Any) -> None:
        """Lets something arrive after the latency of the link, and never before what was sent
        before."""
        network = self.network
        # It comes later than the one before, however little: the order within one moment is chance.
        when = network.loop.now + network.latency(self.host, self.peer.host)
        if when <= self._last:
            when = self._last + 1e-9
        self._last = when
        network.loop.at(when, self._deliver, call, args)

    def _deliver(self, call: Callable[..., None], args: tuple[Any, ...]) -> None:
        network = self.network
        if self._held or (network.cut and not network.reaches(self.host, self.peer.host)):
            self._held.append((call, args))
            network.hold(self)
        else:
            call(*args)

    def release(self) -> None:
        """Delivers what was held, after the link is mended."""
        held, self._held = self._held, []
        for call, args in held:
            call(*args)

    # --- In --------------------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        if self.gone and self.network.is_away(self.host):
            return  # it stays on its way
        self.on_way -= len(data)
        if self.closed:
            # Nobody reads it any more: the sender learns that at its next packet.
            self.deny()
            return
        if self.broken is None:
            network = self.network
            network.trace.bytes(network.loop.now, self._label, data)
            self.inbox += data
            transport = self.transport
            if transport is not None and not transport._reading and self.host.alive:
                transport.wake()

    def deny(self) -> None:
        """Tells the peer, as a kernel does, that there is no such connection."""
        self.peer._break(ConnectionResetError(errno.ECONNRESET, "reset by peer"))

    def _take_end(self) -> None:
        self.ended = True
        self._tell()

    def _break(self, error: OSError) -> None:
        if self.broken is None:
            self.broken = error
            self.inbox.clear()
            self.wants_room = False
            if self.transport is not None:
                self.transport.wake()

    def _tell(self) -> None:
        if self.transport is not None and self.host.alive:
            self.transport.wake()

    def read(self, most: int) -> bytes:
        inbox = self.inbox
        if len(inbox) <= most:
            data = bytes(inbox)
            inbox.clear()
        else:
            data = bytes(inbox[:most])
            del inbox[:most]
        peer = self.peer
        if peer.wants_room and data:
            peer.wants_room = False
            self._arrives(peer._has_room)
        return data

    def _has_room(self) -> None:
        if self.transport is not None:
            self.transport.wake_writer()


class WorldTransport(transports._FlowControlMixin, asyncio.Transport):
    """A program's side of a connection, which behaves like asyncio's own transport for sockets."""

    def __init__(self, loop: WorldLoop, end: End, sock: SimulatedSocket) -> None:
        super().__init__(None, loop)
        self._loop: WorldLoop = loop
        self._end = end
        self._socket = sock
        sock.end = end
        end.transport = self
        self._protocol: asyncio.BaseProtocol | None = None
        self._buffer = bytearray()
        self._closing = False
        self._lost = False
        self._paused = False
        self._eof = False
        self._told_end = False
        self._reading = False  #: a call of `_read` is scheduled
        self._context: Context = copy_context()
        self._host = self._context.get(HOST, loop.outside)
        self._reads = loop.handle_of(self._context, self._read)

    def begin(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol
        protocol.connection_made(self)
        self._soon(self.wake)

    def _soon(self, call: Callable[..., object], *args: Any) -> None:
        self._loop.soon_on(self._host, self._context, call, *args)

    # --- As asyncio.Transport --------------------------------------------------------------------

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        match name:
            case "socket":
                return self._socket
            case "peername":
                return self._end.peer_address
            case "sockname":
                return self._end.address
            case "peerhost":  # of ours: the name of the peer, and not its address
                return self._end.peer.host.name
        return default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        assert self._protocol is not None
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return not self._paused and not self._closing

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        if self._paused and not self._closing:
            self._paused = False
            self.wake()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._closing and not self._eof:
            self._eof = True
            if not self._buffer:
                self._end.finish()

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def write(self, data: Any) -> None:
        if not isinstance(data, BYTES_LIKE):
            raise TypeError(f"data: expecting a bytes-like instance, got {type(data).__name__}")
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._lost or not data:
            return
        if not self._buffer:
            try:
                taken = self._end.send(data)
            except OSError as error:
                self._fail(error)
                return
            if taken == len(data):
                return
            data = memoryview(data)[taken:]
        self._buffer += data
        self._maybe_pause_protocol()  # type: ignore[attr-defined]

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        if not self._buffer:
            self._lose(None)

    def abort(self) -> None:
        self._fail(None)

    def __repr__(self) -> str:
        return f"<WorldTransport {self._end.address} {self._end.peer_address}>"

    # --- What the kernel says --------------------------------------------------------------------

    def wake(self) -> None:
        """Notes that there is something to read, or news of the connection."""
        if not self._reading and not self._lost and self._protocol is not None:
            self._reading = True
            self._loop.again_on(self._host, self._reads)

    def wake_writer(self) -> None:
        if not self._lost:
            self._soon(self._flush)

    def _read(self) -> None:
        self._reading = False
        end, protocol = self._end, self._protocol
        if self._lost or protocol is None:
            return
        if end.broken is not None:
            self._fail(end.broken)
            return
        if self._paused or self._closing:
            return
        if end.inbox:
            data = end.read(end.network.portion(len(end.inbox)))
            if end.inbox or end.ended:
                self.wake()
            self._hand(protocol, data)
        elif end.ended and not self._told_end:
            self._told_end = True
            try:
                stays = protocol.eof_received()  # type: ignore[attr-defined]
            except Exception as error:
                self._fatal(error)
                return
            if not stays:
                self.close()

    def _hand(self, protocol: asyncio.BaseProtocol, data: bytes) -> None:
        try:
            if isinstance(protocol, asyncio.BufferedProtocol):
                while data:
                    buffer: Any = protocol.get_buffer(len(data))
                    count = min(len(buffer), len(data))
                    buffer[:count] = data[:count]
                    protocol.buffer_updated(count)
                    data = data[count:]
            else:
                protocol.data_received(data)  # type: ignore[attr-defined]
        except Exception as error:
            self._fatal(error)

    def _fatal(self, error: Exception) -> None:
        self._loop.call_exception_handler(
            {
                "message": "Fatal error: a protocol failed",
                "exception": error,
                "transport": self,
                "protocol": self._protocol,
            }
        )
        self._fail(error)

    def _flush(self) -> None:
        if self._lost or not self._buffer:
            return
        try:
            taken = self._end.send(memoryview(self._buffer))
        except OSError as error:
            self._fail(error)
            return
        del self._buffer[:taken]
        self._maybe_resume_protocol()  # type: ignore[attr-defined]
        if not self._buffer:
            if self._closing:
                self._lose(None)
            elif self._eof:
                self._end.finish()

    def _fail(self, error: BaseException | None) -> None:
        if not self._lost:
            self._closing = True
            self._buffer.clear()
            self._lose(error)

    def _lose(self, error: BaseException | None) -> None:
        self._lost = True
        self._soon(self._say_lost, error)

    def _say_lost(self, error: BaseException | None) -> None:
        protocol, self._protocol = self._protocol, None
        try:
            if protocol is not None:
                protocol.connection_lost(error)  # type: ignore[arg-type]
        finally:
            self._end.close()
            self._end.transport = None
            self._socket._fd = -1


class WorldServer(asyncio.AbstractServer):
    def __init__(self, network: Network, host: Host, port: int, factory: Factory) -> None:
        self._network = network
        self.host = host
        self.port = port
        self._factory = factory
        self._context = copy_context()
        self._serving = False
        self.sockets: tuple[Any, ...] = ()

    def accept(self, end: End) -> None:
        self._network.loop.call_soon(self._accept, end, context=self._context.copy())

    def _accept(self, end: End) -> None:
        if not self._serving:
            end.reset()
            return
        sock = SimulatedSocket(self._network, end.fd)
        transport = WorldTransport(self._network.loop, end, sock)
        transport.begin(self._factory())

    async def start_serving(self) -> None:
        self._network.listen(self)
        self._serving = True

    async def serve_forever(self) -> None:
        await self.start_serving()
        await self._network.loop.create_future()

    def is_serving(self) -> bool:
        return self._serving

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._network.loop

    def close(self) -> None:
        if self._serving:
            self._serving = False
            self._network.unlisten(self)

    async def wait_closed(self) -> None:
        pass


class Network:
    """All hosts, and the links between them."""

    def __init__(self, loop: WorldLoop, dice: random.Random, trace: Trace) -> None:
        self.loop = loop
        self.dice = dice
        self.trace = trace
        self.kernel = loop.outside.context
        self.delay = (0.0001, 0.0006)  #: seconds from host to host: least, and usual most
        self.extra: dict[frozenset[str], float] = {}  #: seconds more, at most, by the hosts' names
        self.cut: set[tuple[str, str]] = set()  #: directions in which nothing arrives
        self._hosts: dict[str, Host] = {}
        self._servers: dict[tuple[str, int], WorldServer] = {}
        self._ends: dict[int, End] = {}
        self._held: dict[End, None] = {}
        self._next_fd = FIRST_FD
        self._count = 0
        self._next_port = 40_000
        loop.network = self

    # --- Hosts -----------------------------------------------------------------------------------

    def add(self, name: str) -> Host:
        """Starts a program on the host of this name."""
        before = self._hosts.get(name)
        address = before.address if before is not None else f"10.0.0.{len(self._hosts) + 2}"
        self._count += 1
        host = Host(name, address, self._count)
        self._hosts[name] = host
        self.loop.add(host)
        if before is not None:
            # Peers that sent something to the machine while it was away send it again.
            for end in self.ends_of(before):
                if end.gone and end.on_way:
                    after = self.dice.random()
                    self.loop.call_later(after, end.deny, context=self.kernel)
        return host

    def is_away(self, host: Host) -> bool:
        """Returns whether its machine has not come back since."""
        return self._hosts[host.name] is host

    def kill(self, host: Host, *, silently: bool = False) -> None:
        """Ends the program at once. Its kernel closes what it had open; if `silently`, there is no
        kernel any more, and nobody is told."""
        self.loop.bury(host)
        for key in [key for key, server in self._servers.items() if server.host is host]:
            del self._servers[key]
        for end in self.ends_of(host):
            end.transport = None
            if silently:
                end.closed = end.gone = True
            else:
                end.close()

    def ends_of(self, host: Host) -> list[End]:
        return [end for end in self._ends.values() if end.host is host]

    def ends_between(self, one: Host, other: Host) -> list[End]:
        return [
            end
            for end in self.ends_of(one)
            if end.peer.host is other and not end.closed and end.broken is None
        ]

    def find(self, name: Any) -> Host:
        """Returns the host of this name or address. Raises OSError."""
        text = name.decode() if isinstance(name, bytes) else str(name)
        host = self._hosts.get(text)
        if host is None:
            host = next((each for each in self._hosts.values() if each.address == text), None)
        if host is None:
            raise socket_module.gaierror(socket_module.EAI_NONAME, f"no host {text!r}")
        return host

    def addresses(self, name: Any, port: Any) -> Iterator[tuple[Any, ...]]:
        address = self.find(name).address
        kind = socket_module.SOCK_STREAM, socket_module.IPPROTO_TCP
        yield socket_module.AF_INET, *kind, "", (address, int(port or 0))

    # --- Links -----------------------------------------------------------------------------------

    def latency(self, one: Host, other: Host) -> float:
        least, most = self.delay
        extra = self.extra.get(frozenset((one.name, other.name)), 0.0) if self.extra else 0.0
        dice = self.dice.random()
        usual = least + (most - least) * dice
        if extra:
            return usual + extra * self.dice.random()
        # One packet in two hundred is late.
        return usual if dice < 0.995 else usual + 0.05 * self.dice.random()

    def reaches(self, one: Host, other: Host) -> bool:
        return not self.cut or (one.name, other.name) not in self.cut

    def hold(self, end: End) -> None:
        self._held[end] = None

    def release(self) -> None:
        """Delivers what was held on links that have been mended."""
        for end in list(self._held):
            if self.reaches(end.host, end.peer.host):
                del self._held[end]
                end.release()

    def portion(self, size: int) -> int:
        """Returns how many of so many bytes are read at once."""
        if size > 1 and self.dice.random() < PARTED:
            return self.dice.randrange(1, size)
        return min(size, READ)

    # --- Connections -----------------------------------------------------------------------------

    def new_fd(self) -> int:
        self._next_fd += 1
        return self._next_fd

    def end_of(self, fd: int) -> End:
        """Returns the end with this descriptor. Raises OSError."""
        end = self._ends.get(fd)
        if end is None or end.closed:
            raise OSError(errno.EBADF, "bad file descriptor")
        return end

    def forget(self, end: End) -> None:
        """Forgets an end whose descriptor is closed."""
        self._ends.pop(end.fd, None)

    def make_socket(self, fileno: int | None) -> SimulatedSocket:
        if fileno is None:
            return SimulatedSocket(self, self.new_fd())
        sock = SimulatedSocket(self, fileno)
        sock.end = self.end_of(fileno)
        return sock

    def listen(self, server: WorldServer) -> None:
        key = (server.host.name, server.port)
        if key in self._servers:
            raise OSError(errno.EADDRINUSE, f"port {server.port} of {server.host.name} is taken")
        self._servers[key] = server

    def answers_at(self, host: Host) -> bool:
        """Returns whether anybody listens on this host."""
        return any(name == host.name for name, _ in self._servers)

    def unlisten(self, server: WorldServer) -> None:
        if self._servers.get((server.host.name, server.port)) is server:
            del self._servers[server.host.name, server.port]

    async def create_server(
        self,
        factory: Factory,
        host: Any = None,
        port: int | None = None,
        *,
        ssl: Any = None,
        sock: Any = None,
        start_serving: bool = True,
        **_options: Any,
    ) -> WorldServer:
        """Makes a server at all addresses of the host that asks, whichever it names."""
        if ssl is not None or sock is not None or not port:
            raise NotSimulated("a server with TLS, a socket of its own, or any port")
        mine = here()
        assert mine is not None, "a server belongs to a host"
        server = WorldServer(self, mine, port, factory)
        if start_serving:
            await server.start_serving()
        return server

    async def create_connection(
        self,
        factory: Factory,
        host: Any = None,
        port: Any = None,
        *,
        ssl: Any = None,
        sock: SimulatedSocket | None = None,
        **_options: Any,
    ) -> tuple[WorldTransport, asyncio.BaseProtocol]:
        if ssl:
            raise NotSimulated("TLS")
        if sock is None:
            sock = self.make_socket(None)
            await self.connect(sock, (host, port))
        if sock.end is None:
            raise ValueError("the socket is not connected")
        protocol = factory()
        transport = WorldTransport(self.loop, sock.end, sock)
        begun = self.loop.create_future()

        def begin() -> None:
            transport.begin(protocol)
            if not begun.done():
                begun.set_result(None)

        self.loop.call_soon(begin)
        try:
            await begun
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def connect(self, sock: SimulatedSocket, address: tuple[Any, Any]) -> None:
        """Connects a socket. Raises OSError. If no answer comes back, it waits until it is
        cancelled."""
        mine = here() or self.loop.outside
        there = self.find(address[0])
        port = int(address[1])
        answer: asyncio.Future[End] = self.loop.create_future()
        self.loop.call_later(
            self.latency(mine, there),
            partial(self._knock, mine, there.name, port, sock.fileno(), answer),
            context=self.kernel,
        )
        try:
            sock.end = await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                answer.result().reset()
            raise

    def _knock(
        self, mine: Host, name: str, port: int, fd: int, answer: asyncio.Future[End]
    ) -> None:
        """Handles the first packet at its destination, if it arrives."""
        there = self._hosts[name]
        if not mine.alive or not self.reaches(mine, there) or not self.reaches(there, mine):
            return
        server = self._servers.get((name, port))
        back = self.latency(there, mine)
        if server is None:
            error = ConnectionRefusedError(errno.ECONNREFUSED, f"{name}:{port} refuses")
            self.loop.call_later(back, _fails, answer, error, context=self.kernel)
            return
        self._next_port += 1
        # Some people are on machines that take little at a time.
        room = 1 << self.dice.randrange(11 if mine.name == "people" else 15, 20)
        far = End(self, there, (there.address, port), room, self.new_fd())
        near = End(self, mine, (mine.address, self._next_port), room, fd)
        far.peer, near.peer = near, far
        self._ends |= {far.fd: far, near.fd: near}
        far.peer_address, near.peer_address = near.address, far.address
        server.accept(far)
        self.loop.call_later(back, _succeeds, answer, near, context=self.kernel)


def _fails(answer: asyncio.Future[End], error: OSError) -> None:
    if not answer.done():
        answer.set_exception(error)


def _succeeds(answer: asyncio.Future[End], end: End) -> None:
    if answer.done() or not end.host.alive:
        end.reset()
    else:
        answer.set_result(end)
