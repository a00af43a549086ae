"""This module decides how slow a client may be with a request and with its answer. It is pure; the
time is passed in.

Only the time in which we wait for the client counts. While a handler is working, or leaves a body
unread because there is too much of it already, the client is not slow.
"""

from enum import Enum
from typing import Final

SENDS: Final = 8 * 1024
"""How many bytes of a body a client has to send per second, beyond the time that each request
has."""

TAKES: Final = 4 * 1024
"""How many bytes of an answer a client has to take per second. It is less, because phones load
pages over bad lines."""

MOST_OF_A_BODY: Final = 30.0
"""How many times as long as a request its body may take at most, at any speed."""


class Waits(Enum):
    """What the worker may wait for on one connection."""

    REQUEST = "a request: its headers have not come whole, or there is none"
    BODY = "the rest of a request's body"
    TAKEN = "the client to take what it is answered"
    NOTHING = "nothing: the worker itself is at work"


class Patience:
    """The worker's patience with one connection."""

    __slots__ = ("_at", "_spent", "_waits")

    def __init__(self, now: float) -> None:
        self._waits = Waits.REQUEST
        self._at = now
        self._spent = 0.0  #: seconds of waiting for the present request, or its body, or its answer

    @property
    def waits(self) -> Waits:
        """Returns what was waited for at the last check."""
        return self._waits

    def begins(self, now: float) -> None:
        """Starts waiting for the next request."""
        self._waits, self._at, self._spent = Waits.REQUEST, now, 0.0

    def is_over(self, waits: Waits, now: float, timeout: float, moved: int) -> bool:
        """Checks the connection, and returns whether the patience with it is over.

        Arguments:
            waits: what has been waited for since the last check.
            now: the present time, in seconds.
            timeout: how many seconds a client has for anything.
            moved: how many bytes of the body, or of the answer, have been transferred so far.
        """
        if waits is not self._waits:
            self._waits, self._spent = waits, 0.0
        else:
            self._spent += now - self._at
        self._at = now
        match waits:
            case Waits.REQUEST:
                return self._spent > timeout
            case Waits.BODY:
                return self._spent > min(timeout + moved / SENDS, MOST_OF_A_BODY * timeout)
            case Waits.TAKEN:
                return self._spent > timeout + moved / TAKES
            case Waits.NOTHING:
                return False
