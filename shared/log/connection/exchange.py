"""This module keeps the commands in flight on one connection to Redis, and finds out which reply
belongs to which command. It is pure.

Redis answers in the order in which it was asked, and never says which command it is answering. So
only the order connects a reply to its command, and a connection on which the order is in doubt must
not be used any more: whoever meets a `Broken` closes it, and nothing that comes from it afterwards
is believed.

    exchange = Exchange()
    request = Asked(2, len(data), waiter)
    exchange.ask(request, now)             # and write `data`, which holds two commands
    for request in exchange.feed(received, now):
        …                                  # request.replies has the two replies
"""

from collections import deque
from typing import Any, Final, Generic, TypeVar

import hiredis
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import InvalidResponse

from padfleet.shared.log.connection.errors import error_of

W = TypeVar("W")

COMMANDS: Final = 2_000
"""How many commands without a reply a connection may have before the next one has to wait."""

BYTES: Final = 8 << 20
"""How many bytes of commands without a reply a connection may have. A single command may be
larger."""


_MORE: Final = object()
"""What the reader returns while a reply is incomplete."""


class Broken(Unconnected):
    """Says that the connection must not be used any more: a reply could be taken for that to
    another command."""


class Asked(Generic[W]):
    """Commands that are sent together, and their replies so far."""

    __slots__ = ("count", "replies", "size", "waiter")

    def __init__(self, count: int, size: int, waiter: W) -> None:
        """Makes a request without replies.

        Arguments:
            count: the number of commands, at least 1.
            size: their bytes.
            waiter: who wants the replies, in whatever form the owner of the exchange uses.
        """
        self.count = count
        self.size = size
        self.waiter = waiter
        self.replies: list[Any] = []
        """The replies so far, in the order of the commands. A refusal by the server is an
        exception, as in redis-py."""

    def fail(self, error: Exception) -> None:
        """Notes that the missing replies will not come, and puts the error in their place."""
        self.replies += [error] * (self.count - len(self.replies))


class Exchange(Generic[W]):
    """The requests in flight, in order, and the bytes of an incomplete reply."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(InvalidResponse, error_of, notEnoughData=_MORE)
        self._requests: deque[Asked[W]] = deque()
        self._commands = 0
        self._bytes = 0
        #: when something was last received, or was asked while nothing was in flight
        self._heard = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether every command has its reply."""
        return not self._requests

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be asked until replies have come."""
        return self._commands >= COMMANDS or self._bytes >= BYTES

    @property
    def places(self) -> int:
        """How many more small commands there is room for."""
        return max(0, COMMANDS - self._commands) if self._bytes < BYTES else 0

    @property
    def heard(self) -> float:
        """When something was last received, or was asked while nothing was in flight. While
        commands are in flight, the server has been silent since this time."""
        return self._heard

    def ask(self, request: Asked[W], now: float) -> None:
        """Notes that the request's commands are sent after all that have been asked before."""
        if not self._requests:
            self._heard = now
        self._requests.append(request)
        self._commands += request.count
        self._bytes += request.size

    def feed(self, data: bytes, now: float) -> list[Asked[W]]:
        """Takes in received bytes, and returns the requests whose replies are now complete.

        Raises `Broken` if the bytes are not a reply, or are one that nobody has asked for. In this
        case nothing that came with it is believed either, since any of these replies may have been
        the superfluous one: `end` returns all requests that were open before, without replies.
        """
        self._heard = now
        requests, reader = self._requests, self._reader
        done: list[Asked[W]] = []
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not _MORE:
                if not requests or type(reply) is hiredis.PushNotification:
                    raise Broken(f"a reply came that nobody had asked for: {str(reply)[:100]}")
                request = requests[0]
                request.replies.append(reply)
                if len(request.replies) == request.count:
                    done.append(requests.popleft())
                    self._commands -= request.count
                    self._bytes -= request.size
        except (InvalidResponse, Broken) as error:
            requests.extendleft(reversed(done))
            for request in requests:
                request.replies.clear()
            if isinstance(error, Broken):
                raise
            raise Broken(f"what came is no reply: {error}") from error
        return done

    def end(self) -> list[Asked[W]]:
        """Returns all open requests in order, and forgets them. The owner has to `fail` each one,
        since some of its replies may have come."""
        left = list(self._requests)
        self._requests.clear()
        self._commands = self._bytes = 0
        return left
