"""Simulates the server's end of a connection: it does one command after the other, or waits."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, cast

import hiredis

from tests.world.redis.call import OK, Call, Reply, Status
from tests.world.redis.commands import COMMANDS
from tests.world.redis.replies import Encoded, encode
from tests.world.redis.store import CommandError
from tests.world.redis.streams import read_now, read_wanted
from tests.world.redis.tables import CONNECTION, PLAIN_OR_SCRIPT

if TYPE_CHECKING:
    from tests.world.redis.server import Server

PUBSUB_LIMIT: Final = 32 << 20
"""A subscriber is disconnected when this many bytes wait for it, by a server's default."""

_LATER: Final = object()
_NIL_LIST: Final = b"*-1\r\n"


class Client(asyncio.Protocol):
    """A connection to the server."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.channels: dict[bytes, None] = {}
        self._transport: asyncio.Transport | None = None
        self._reader = hiredis.Reader()
        self._pending: deque[list[bytes]] = deque()
        self._queued: list[list[bytes]] | None = None  #: the commands of a transaction
        self._aborted = False
        self._waits: asyncio.TimerHandle | None = None
        self._asking = False  #: the next command is for a slot that is on its way here
        self._blocked = False
        self._scheduled = False
        self._wrote = 0  #: the offset of its last write
        self.host = ""  #: the host of the client, if it is known

    @property
    def hears(self) -> bool:
        """Returns whether commands on the connection reach the server at the moment. It is true for
        any socket that is not one of ours."""
        end = getattr(self._transport, "_end", None)
        if end is None:
            return self._transport is not None
        far, network = end.peer.host, end.network
        return bool(
            far.runs
            and end.host.runs
            and not self._pending
            and network.reaches(far, end.host)
            and network.reaches(end.host, far)
        )

    # --- asyncio ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.host = str(transport.get_extra_info("peerhost", ""))
        self.server.came(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._pending.clear()
        if self._waits is not None:
            self._waits.cancel()
        self.server.went(self)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (args := self._reader.gets()) is not False:
            self._pending.append(args)
        self._go_on()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def push(self, data: bytes) -> None:
        if self._transport is None:
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > PUBSUB_LIMIT:
            self.abort()

    # --- Commands, one after the other -----------------------------------------------------------

    def _go_on(self) -> None:
        server = self.server
        out: list[bytes] = []
        while self._pending and not self._blocked and self._transport is not None:
            if server.slow and not self._scheduled:
                self._scheduled = True
                server.loop.call_at(server.next_turn(), self._one)
                break
            if server.slow:
                break
            if not self._step(out):
                return
        if out and self._transport is not None:
            self._transport.write(b"".join(out))

    def _one(self) -> None:
        self._scheduled = False
        out: list[bytes] = []
        if self._pending and not self._blocked and self._transport is not None:
            if not self._step(out):
                return
            if out:
                self._transport.write(b"".join(out))
        self._go_on()

    def _step(self, out: list[bytes]) -> bool:
        """Executes the next command. Returns False if the connection has been cut."""
        server, args = self.server, self._pending.popleft()
        server.commands += 1
        if server.cut_before and server.dice.random() < server.cut_before:
            self.abort()
            return False
        reply = self._reply(args)
        if server.cut_after and server.dice.random() < server.cut_after:
            self.abort()
            return False
        if reply is not _LATER:
            out.append(encode(reply))
        return True

    def _reply(self, args: list[bytes]) -> Reply:
        try:
            return self._do(args)
        except CommandError as error:
            if self._queued is not None:
                self._aborted = True
            return error

    def _do(self, args: list[bytes]) -> Reply:
        server = self.server
        if args[0] in PLAIN_OR_SCRIPT and self._queued is None:
            asking, self._asking = self._asking, False
            if server.cluster is not None:
                server.cluster.check(server, args, asking=asking)
            return self._execute(args)
        name = args[0].decode("latin-1").upper()
        asking, self._asking = self._asking, name == "ASKING"
        if self._asking:
            return OK
        if server.cluster is not None:
            server.cluster.check(server, args, asking=asking)
        match name:
            case "MULTI":
                self._queued, self._aborted = [], False
                return OK
            case "EXEC":
                return self._exec()
            case "DISCARD":
                self._queued = None
                return OK
        if self._queued is not None:
            if name not in COMMANDS and name not in CONNECTION:
                raise CommandError(f"ERR unknown command '{name}', with args beginning with: ")
            self._queued.append(args)
            return Status("QUEUED")
        match name:
            case "PING" if self.channels:
                return [b"pong", b""]
            case "SSUBSCRIBE":
                return self._subscribe(args[1:])
            case "SUNSUBSCRIBE":
                return self._unsubscribe(args[1:])
            case "WAIT":
                return self._wait(int(args[1]), int(args[2]))
            case "XREAD":
                return self._xread(args[1:])
        return self._execute(args)

    def _execute(self, args: list[bytes]) -> Reply:
        call = self.server.call()
        try:
            return self.server.execute(args, call)
        finally:
            if call.effects or call.published:
                self._after(call)

    def _after(self, call: Call) -> None:
        self.server._committed(call)
        if call.effects:
            self._wrote = self.server.offset
            if self.server.watcher is not None:
                self.server.watcher(self.server, self.host, call)

    def _exec(self) -> Reply:
        queued, self._queued = self._queued, None
        if queued is None:
            raise CommandError("ERR EXEC without MULTI")
        if self._aborted:
            raise CommandError("EXECABORT Transaction discarded because of previous errors.")
        call = self.server.call()
        replies: list[Reply] = []
        for args in queued:
            try:
                replies.append(self.server.execute(args, call))
            except CommandError as error:
                replies.append(error)
        self._after(call)
        return replies

    def _subscribe(self, channels: list[bytes]) -> Reply:
        out = []
        for channel in channels:
            self.channels[channel] = None
            out.append(encode([b"ssubscribe", channel, len(self.channels)]))
        return Encoded(b"".join(out))

    def _unsubscribe(self, channels: list[bytes]) -> Reply:
        out = []
        for channel in channels:
            self.channels.pop(channel, None)
            out.append(encode([b"sunsubscribe", channel, len(self.channels)]))
        return Encoded(b"".join(out))

    def lose_channels(self, channels: list[bytes]) -> None:
        """Unsubscribes from channels whose slots have gone to another server."""
        for channel in channels:
            del self.channels[channel]
            self.push(encode([b"sunsubscribe", channel, len(self.channels)]))

    # --- Waiting ---------------------------------------------------------------------------------

    def _xread(self, args: list[bytes]) -> Reply:
        call = self.server.call()
        wanted = read_wanted(call, args)
        found = read_now(call, wanted)
        if found is not None or wanted.block_ms is None:
            return found
        self._blocked = True
        self.server.block(self, wanted)
        if wanted.block_ms:
            self._waits = self.server.loop.call_later(
                wanted.block_ms / 1000, self.answer_block, None
            )
        return _LATER

    def answer_block(self, reply: Reply) -> None:
        """Answers a blocked read, when there is something to read, or its time is over."""
        if not self._blocked:
            return
        self._blocked = False
        self.server.unblock(self)
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None
        if self._transport is not None:
            self._transport.write(_NIL_LIST if reply is None else encode(reply))
            self._go_on()

    def _wait(self, wanted: int, timeout_ms: int) -> Reply:
        server = self.server
        have = server.acknowledged(self._wrote)
        if have >= wanted or not timeout_ms:
            return have
        self._blocked = True
        end = server.loop.time() + timeout_ms / 1000

        def look() -> None:
            have = server.acknowledged(self._wrote)
            if have >= wanted or server.loop.time() >= end:
                self.answer_block(have)
            else:
                self._waits = server.loop.call_later(0.001, look)

        self._waits = server.loop.call_later(0.001, look)
        return _LATER
