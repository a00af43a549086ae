"""This module has the connection to Redis that receives the messages of channels.

As with hot commands (`pipe`), redis-py opens it, and its transport is then given to a protocol
defined here. Awaiting each message with a separate time-out took longer than handling the message.
Here, everything that one read has returned is handed on in one pass.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import InvalidResponse

from padfleet.shared.log.connection.errors import error_of
from padfleet.shared.log.connection.pipe import (
    Command,
    connect_within,
    leads_astray,
    let_go,
    pack,
    take_over,
)

_MORE: Final = object()
"""What the reader returns while a reply is incomplete."""


class ListeningConnection(asyncio.Protocol):
    """A connection for channels, from when it is opened until it ends."""

    def __init__(
        self, opened: AbstractConnection, take: Callable[[Any], None], silence: float
    ) -> None:
        """Takes over an open connection.

        Arguments:
            opened: the connection, on which nothing has been asked yet.
            take: is called with each reply that is not an error, in order: messages of channels,
                and replies to commands. It must not block. An exception that it raises ends the
                connection.
            silence: a number of seconds, see `look`.
        """
        self._opened = opened
        self._take = take
        self._silence = silence
        self._reader = hiredis.Reader(InvalidResponse, error_of, notEnoughData=_MORE)
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Exception] = self._loop.create_future()
        """Why the connection has ended, once it has: what the server has refused, what `take` has
        raised, or an error that `UNREACHABLE` lists. The error is a result, and is never raised
        here."""
        self._heard = self._loop.time()
        self._asked = False  #: whether it was asked for a sign of life since it was last heard
        self._transport = take_over(opened, self)

    def send(self, *commands: Command) -> None:
        """Sends commands to the server; does nothing if the connection has ended."""
        if not commands or self.ended.done():
            return
        if leads_astray(self._opened):
            self.close(Unconnected("another server has taken the place of this one"))
            return
        try:
            self._transport.write(pack(commands))
        except RuntimeError as error:
            # uvloop raises this for a connection that has been closed meanwhile.
            self.close(Unconnected(f"closed meanwhile: {error}"))

    def look(self) -> float:
        """Checks on a silent server: asks it for a sign of life after `silence` seconds without
        one, and gives the connection up after as many again without an answer. Returns the seconds
        after which to check again."""
        now = self._loop.time()
        rest = self._heard + self._silence - now
        if rest > 0:
            return rest
        if self._asked:
            self.close(Unconnected(f"no answer for {2 * self._silence:g} s"))
        else:
            self._asked, self._heard = True, now
            self.send(("PING",))
        return self._silence

    def close(self, reason: Exception | None = None) -> None:
        """Closes the connection immediately."""
        if self.ended.done():
            return
        self.ended.set_result(reason or Unconnected("the connection was closed"))
        let_go(self._opened, self._transport)

    # --- What the event loop calls ---------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        self._heard, self._asked = self._loop.time(), False
        reader, take, ended = self._reader, self._take, self.ended
        try:
            reader.feed(data)
            while not ended.done() and (reply := reader.gets()) is not _MORE:
                if isinstance(reply, Exception):
                    raise reply
                take(reply)
        except InvalidResponse as error:
            self.close(Unconnected(f"what came is no reply: {error}"))
        except Exception as error:
            self.close(error)

    def eof_received(self) -> None:
        self.close(Unconnected("the server closed the connection"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.close(Unconnected(f"the connection was lost: {exc or 'it was closed'}"))


async def listen(
    connection: AbstractConnection,
    take: Callable[[Any], None],
    *,
    silence: float,
    patience: float,
) -> ListeningConnection:
    """Connects within `patience` seconds, and takes the connection over; see `ListeningConnection`
    for the other arguments. Raises what `UNREACHABLE` lists."""
    await connect_within(connection, patience)
    return ListeningConnection(connection, take, silence)
