"""What is under way on one connection to Redis, and which reply belongs to what: pure.

Redis answers in the order in which it was asked, and says nowhere what it answers. So all that
holds a reply to its command is the order, and a connection on which that is in doubt is of no more
use: whoever meets a `Broken` closes it, and nothing that comes from it afterwards is believed.

    exchange = Exchange()
    request = Asked(2, len(data), waiter)
    exchange.ask(request, now)             # and write `data`, which holds two commands
    for request in exchange.feed(received, now):
        …                                  # request.replies are its two
"""

from collections import deque
from typing import Any, Final, Generic, TypeVar

import hiredis
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import InvalidResponse

from padfleet.shared.log.errors import error_of

W = TypeVar("W")

COMMANDS: Final = 2_000
"""Commands without a reply on one connection, from which on the next has to wait."""

BYTES: Final = 8 << 20
"""The most bytes of commands without a reply. One alone may be larger."""


_MORE: Final = object()
"""What the reader has while a reply is not whole."""


class Broken(Unconnected):
    """The connection is of no more use: a reply could be taken for that of another command."""


class Asked(Generic[W]):
    """Commands that are sent together, and what has come of them so far."""

    __slots__ = ("count", "replies", "size", "waiter")

    def __init__(self, count: int, size: int, waiter: W) -> None:
        """`count`: of its commands, at least 1; `size`: their bytes; `waiter`: who wants the
        replies, in whatever form the owner of the exchange knows."""
        self.count = count
        self.size = size
        self.waiter = waiter
        self.replies: list[Any] = []
        """In the order of the commands. What a server refuses is an exception, as in redis-py."""

    def fail(self, error: Exception) -> None:
        """The replies that are missing will not come."""
        self.replies += [error] * (self.count - len(self.replies))


class Exchange(Generic[W]):
    """Requests in their order, and the bytes of a reply that has come in part."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(InvalidResponse, error_of, notEnoughData=_MORE)
        self._requests: deque[Asked[W]] = deque()
        self._commands = 0
        self._bytes = 0
        self._heard = 0.0  #: when something came last, or was asked while nothing was under way

    @property
    def is_idle(self) -> bool:
        """Whether every command has its reply."""
        return not self._requests

    @property
    def is_full(self) -> bool:
        """Whether no more should be asked until replies have come."""
        return self._commands >= COMMANDS or self._bytes >= BYTES

    @property
    def places(self) -> int:
        """How many more commands there is room for, if they are small."""
        return max(0, COMMANDS - self._commands) if self._bytes < BYTES else 0

    @property
    def heard(self) -> float:
        """Since when the server owes us something and has said nothing, where it does."""
        return self._heard

    def ask(self, request: Asked[W], now: float) -> None:
        """Notes that the request's commands are sent behind all that have been asked before."""
        if not self._requests:
            self._heard = now
        self._requests.append(request)
        self._commands += request.count
        self._bytes += request.size

    def feed(self, data: bytes, now: float) -> list[Asked[W]]:
        """Takes in what has come; returns the requests that have all of their replies by that.

        Raises `Broken` where it is no reply, or one that nobody has asked for. Then nothing that
        came with it is believed either, since the one too many may have been any of them: `end` has
        all requests that were open before, with no replies.
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
        """All that is under way, in its order; nothing is from now on. The owner has to `fail`
        each: some of its replies may have come."""
        left = list(self._requests)
        self._requests.clear()
        self._commands = self._bytes = 0
        return left
