"""Drives a cheap client on a socket: it connects, reads, and types when it is time."""

import asyncio
import functools
import random
import ssl
import time
from dataclasses import dataclass, field

from padfleet.services.tools.loadtest.client import Client, gaps
from padfleet.services.tools.loadtest.client_socket import ClientSocket
from padfleet.services.tools.loadtest.inflate import SharedInflater
from padfleet.services.tools.loadtest.scan import Scanner
from padfleet.services.tools.loadtest.tally import LoadTally
from padfleet.services.tools.loadtest.target import LoadTarget
from padfleet.services.tools.loadtest.websocket import close_frame
from padfleet.shared.client import new_token
from padfleet.shared.wire.socketio import DISCONNECT

JOIN_TIMEOUT = 30.0
"""The seconds from connecting to CLIENT_VARS."""


class NoServer(Exception):
    """There is no server, or it is not a server of pads; the text says which and what was tried."""


@dataclass(slots=True)
class Workload:
    """The state that all sockets of a process share; it is changed while they run."""

    tally: LoadTally = field(default_factory=LoadTally)
    rate: float = 0.0  #: edits a second of each author; at 0 nobody types
    arrivals: str = "uniform"
    spread: bool = False  #: authors type all over the first line; else all at the start
    scanner: Scanner = field(default_factory=Scanner)
    inflater: SharedInflater | None = field(default_factory=SharedInflater)
    """The inflater; None means that compression is not offered."""


class DriverConnection(ClientSocket):
    """One socket, which `open_client` creates."""

    def __init__(
        self, client: Client, target: LoadTarget, workload: Workload, *, writes: bool
    ) -> None:
        super().__init__(target, client.pad_id, workload.inflater)
        self.client = client
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """This is done when the client is on its pad, or fails with `NoServer` if it never will
        be."""
        self._workload = workload
        self._writes = writes
        self._timer: asyncio.TimerHandle | None = None
        self._next_due = 0.0
        self._leaving = False

    @property
    def open(self) -> bool:
        return self._transport is not None and self.client.joined

    # --- What comes ------------------------------------------------------------------------------

    def messages(self, texts: list[bytes], size: int) -> None:
        now, now_ms = asyncio.get_running_loop().time(), int(time.time() * 1000)
        workload, client = self._workload, self.client
        tally = workload.tally
        tally.counts.bytes += size
        tally.counts.frames += len(texts)
        read = workload.scanner.read
        for text in texts:
            answer = client.receive(read(text), now, now_ms, tally)
            if answer is not None:
                self.say(answer)
        if client.gone is not None:
            self.ended(client.gone)
        elif client.joined and not self.joined.done():
            self.joined.set_result(None)
            self._start_typing()

    def ended(self, why: str) -> None:
        """Counts the end once, as an error, unless we were about to leave."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._leaving:
            return
        self._leaving = True
        self.client.gone = why
        if not self.joined.done():
            self.joined.set_exception(NoServer(why))
        else:
            self._workload.tally.errors[why] += 1
        if self._transport is not None:
            self._transport.close()

    # --- Typing ----------------------------------------------------------------------------------

    def _start_typing(self) -> None:
        """Starts at a random time within an interval, so that authors who join together do not type
        together."""
        if self._writes and self._timer is None and self._workload.rate > 0:
            self._next_due = asyncio.get_running_loop().time()
            self._schedule(random.random() / self._workload.rate)

    def rate_changed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.open:
            self._start_typing()

    def _schedule(self, after: float) -> None:
        # The interval counts from when the last edit was due, and not from when it was made, since
        # being late must not reduce the load.
        self._next_due += after
        self._timer = asyncio.get_running_loop().call_at(self._next_due, self._type)

    def _type(self) -> None:
        self._timer = None
        if self._transport is None or self._leaving:
            return
        workload, now = self._workload, asyncio.get_running_loop().time()
        submission = self.client.type(self._next_due, now, workload.tally)
        if submission is not None:
            self.say(submission)
        self._schedule(gaps(workload.rate, workload.arrivals, random.random()))

    # --- Going -----------------------------------------------------------------------------------

    def leave(self) -> None:
        """Says goodbye, and closes the connection."""
        if self._transport is not None and not self._leaving:
            self._leaving = True
            self.say(DISCONNECT)
            self.write(close_frame())
            self._transport.close()

    def give_up(self) -> None:
        """Closes the connection without a goodbye, and does not count its end."""
        self._leaving = True
        self.abort()


async def open_client(
    target: LoadTarget, pad_id: str, workload: Workload, *, writes: bool, batch: bool
) -> DriverConnection:
    """Returns a client on its pad. Raises `NoServer`."""
    loop = asyncio.get_running_loop()
    place = random.random() if workload.spread else None
    client = Client(pad_id, new_token(), batch=batch, started=loop.time(), place=place)
    connection = DriverConnection(client, target, workload, writes=writes)
    try:
        async with asyncio.timeout(JOIN_TIMEOUT):
            await loop.create_connection(
                lambda: connection,
                target.host,
                target.port,
                ssl=_tls() if target.tls else None,
            )
            await connection.joined
    except TimeoutError:
        connection.give_up()
        raise NoServer(f"not on the pad within {JOIN_TIMEOUT:g} s") from None
    except OSError as error:
        raise NoServer(error.strerror or str(error)) from error
    return connection


@functools.cache
def _tls() -> ssl.SSLContext:
    """Returns the TLS context, which is shared: reading the certificates takes longer than a
    handshake."""
    return ssl.create_default_context()


async def check(target: LoadTarget, pad_id: str) -> None:
    """Raises `NoServer`, which names the server, if nobody can join a pad there."""
    try:
        connection = await open_client(target, pad_id, Workload(), writes=False, batch=True)
    except NoServer as error:
        raise NoServer(f"cannot join a pad at {target.url}: {error}") from error
    connection.leave()
