"""This module has a connection to Redis that many commands share, without waiting for each other's
replies.

redis-py opens it, so TLS, users, databases, sockets, and the address that Sentinel names work as
for all other connections. Then its transport is given to a protocol that does no more than a hot
command needs. Everything sent in one turn of the event loop goes out in one write, `exchange`
matches the replies to the commands, and there is one timer for the connection rather than one for
each command. docs/decisions/0016 says why this is worth it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, cast

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import DataError, ReadOnlyError
from redis.exceptions import TimeoutError as TimedOut

from padfleet.shared.log.connection.exchange import Asked, Broken, Exchange

Command = tuple[Any, ...]
"""A command's name and arguments, each a str, bytes, int or float."""

Answer = asyncio.Future[list[Any]]

WRITE_BYTES: Final = 1 << 20
"""How many bytes the transport may hold before callers have to wait: the server is not reading, and
what has not been sent yet need not be sent again."""


def pack(commands: Sequence[Command]) -> bytes:
    """Encodes these commands. Raises `DataError` for unsuitable arguments, as redis-py does."""
    try:
        if len(commands) == 1:
            return hiredis.pack_command(commands[0])  # type: ignore[no-any-return]
        return b"".join([hiredis.pack_command(command) for command in commands])
    except TypeError as error:
        raise DataError(str(error)) from error


def leads_astray(connection: AbstractConnection) -> bool:
    """Returns whether the connection leads to another server than the one that Sentinel now names.
    redis-py closes idle connections when it hears of another server; those in use are only returned
    to the pool later."""
    pool = getattr(connection, "connection_pool", None)
    named = getattr(pool, "master_address", None)
    if named is None or not getattr(pool, "is_master", False):
        return False
    here = (getattr(connection, "host", None), getattr(connection, "port", None))
    return bool(named != here)


class Pipe(asyncio.Protocol):
    """A shared connection, until it is closed; `open_pipe` makes it. It must not be used for
    commands that change the meaning of others on it (SELECT, MULTI, subscriptions)."""

    def __init__(self, opened: AbstractConnection, patience: float) -> None:
        """Takes over an open connection.

        Arguments:
            opened: the connection.
            patience: how many seconds the server may be silent while it owes a reply.
        """
        self._opened = opened
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._exchange: Exchange[Answer] = Exchange()
        self._unsent: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._overdue = False  #: whether a reply was overdue at the last look
        self._room: deque[asyncio.Future[None]] = deque()
        self._paused = False  #: whether the transport holds more than it can send
        self._watched = getattr(opened, "connection_pool", None) is not None
        self._error: Exception | None = None
        self._transport = take_over(opened, self)
        self._transport.set_write_buffer_limits(WRITE_BYTES)

    @property
    def is_open(self) -> bool:
        """Whether more commands can be sent on it, as far as is known."""
        if self._error is not None:
            return False
        if self._watched and leads_astray(self._opened):
            self.close(Unconnected("another server has taken the place of this one"))
            return False
        return True

    @property
    def is_full(self) -> bool:
        """Whether callers of `send` have to wait for `room` first."""
        return self._paused or self._exchange.is_full

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight."""
        return self._exchange.is_idle

    def send(self, data: bytes, count: int) -> Answer:
        """Sends `count` packed commands, together with whatever else is sent in this turn of the
        loop.

        Returns a future for their replies. Refusals are exceptions among the replies, and so are
        replies that are missing when the connection ends; the future itself never raises one.
        Cancelling it does no harm to others: the replies keep their place in the order, and nobody
        gets them.
        """
        answer: Answer = self._loop.create_future()
        request = Asked(count, len(data), answer)
        if not self.is_open:
            request.fail(self._again())
            answer.set_result(request.replies)
            return answer
        self._exchange.ask(request, self._loop.time())
        if self._timer is None:
            self._timer = self._loop.call_later(self._patience, self._look)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(data)
        return answer

    async def room(self) -> None:
        """Returns when the connection is no longer full, or no longer open. Waiters are let in in
        their order."""
        while self.is_full and self._error is None:
            turn: asyncio.Future[None] = self._loop.create_future()
            self._room.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._let_in()  # the next waiter takes this one's place
                raise

    def close(self, error: Exception | None = None) -> None:
        """Closes the connection immediately. Commands without a reply fail with `error`, or with
        one that says that the connection was closed."""
        if self._error is not None:
            return
        self._error = error or Unconnected("the connection was closed")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._unsent.clear()
        let_go(self._opened, self._transport)
        for request in self._exchange.end():
            request.fail(self._again())
            _hand_over(request)
        self._let_in()

    # Called by the transport.

    def data_received(self, data: bytes) -> None:
        if self._error is not None:
            return
        try:
            done = self._exchange.feed(data, self._loop.time())
        except Broken as error:
            self.close(error)
            return
        demoted = False
        for request in done:
            if not request.waiter.done():
                request.waiter.set_result(request.replies)
            demoted = demoted or ReadOnlyError in map(type, request.replies)
        if demoted:
            # The server has become a replica. Reconnecting leads to whichever is primary now.
            self.close(Unconnected("the server has become a replica"))
        elif self._room and not self.is_full:
            self._let_in()

    def eof_received(self) -> None:
        self.close(Unconnected("the server closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.close(Unconnected(f"the connection was lost: {exc or 'it was closed'}"))

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._let_in()

    # Called by the event loop.

    def _flush(self) -> None:
        if self._error is not None:
            return
        data = self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent)
        self._unsent.clear()
        try:
            self._transport.write(data)
        except RuntimeError as error:
            # uvloop raises this for a connection that has been closed meanwhile.
            self.close(Unconnected(f"closed meanwhile: {error}"))

    def _look(self) -> None:
        self._timer = None
        if self._exchange.is_idle:
            self._overdue = False
            return  # the next command sets the timer again
        due = self._exchange.heard + self._patience
        if self._loop.time() < due:
            self._timer = self._loop.call_at(due, self._look)
        elif not self._overdue:
            # If the event loop itself was blocked, the reply has arrived and is read after the
            # timers.
            self._timer = self._loop.call_later(0, self._look)
        else:
            self.close(TimedOut(f"no reply for {self._patience:g} s"))
        self._overdue = self._loop.time() >= due

    def _let_in(self) -> None:
        # This lets in as many as there may be room for; each checks again when it comes in.
        places = len(self._room) if self._error is not None else self._exchange.places
        while self._room and places > 0:
            turn = self._room.popleft()
            if not turn.done():
                turn.set_result(None)
                places -= 1

    def _again(self) -> Exception:
        """Returns a copy of the error, so that each caller for whom it is raised gets a separate
        traceback."""
        assert self._error is not None
        return type(self._error)(*self._error.args)


def _hand_over(request: Asked[Answer]) -> None:
    if not request.waiter.done():
        request.waiter.set_result(request.replies)


async def open_pipe(opened: AbstractConnection, *, patience: float) -> Pipe:
    """Connects, and takes the connection over. Raises what `UNREACHABLE` lists.

    Arguments:
        opened: a connection of redis-py's that is not connected yet.
        patience: how many seconds connecting may take, and how many the server may later be silent
            while it owes a reply.
    """
    await connect_within(opened, patience)
    return Pipe(opened, patience)


async def connect_within(opened: AbstractConnection, patience: float) -> None:
    """Lets redis-py connect within this many seconds. Raises what `UNREACHABLE` lists."""
    try:
        # The kernel of a frozen server still accepts connections, but nothing answers.
        async with asyncio.timeout(patience):
            await opened.connect()
            unread = await opened.can_read()
    except TimeoutError as error:
        opened._close()
        raise TimedOut(f"not connected within {patience:g} s") from error
    except BaseException:
        opened._close()
        raise
    if unread:
        opened._close()
        raise Broken("a reply came before anything was asked")


def take_over(opened: AbstractConnection, protocol: asyncio.Protocol) -> asyncio.Transport:
    """Moves the transport of a connected redis-py connection to another protocol. Use `let_go` to
    end the connection."""
    writer = opened._writer
    assert writer is not None, "it is not connected"
    writer.transport.set_protocol(protocol)
    return cast("asyncio.Transport", writer.transport)


def let_go(opened: AbstractConnection, transport: asyncio.Transport) -> None:
    """Ends a connection that was taken over, immediately."""
    # `close` would wait until a server that no longer reads has read everything.
    transport.abort()
    opened._close()
