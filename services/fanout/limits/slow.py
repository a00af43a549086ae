"""How slow a client may be with a request and with its answer. Pure; the time is passed in.

What counts is the time in which the client is the one that is waited for. While a handler is at
work, or leaves a body unread because there is too much of it already, the client is not slow.
"""

from enum import Enum
from typing import Final

SENDS: Final = 8 * 1024
"""Bytes a second that a client has to send of a body, beyond the time that each request has."""

TAKES: Final = 4 * 1024
"""Bytes a second that it has to take of an answer. Less: phones load pages over bad lines."""

MOST_OF_A_BODY: Final = 30.0
"""Times of a request that its body may take at most, at whatever speed."""


class Waits(Enum):
    """What the worker waits for, on one connection."""

    REQUEST = "a request: its headers have not come whole, or there is none"
    BODY = "the rest of a request's body"
    TAKEN = "the client to take what it is answered"
    NOTHING = "nothing: the worker itself is at work"


class Patience:
    """With one connection."""

    __slots__ = ("_at", "_spent", "_waits")

    def __init__(self, now: float) -> None:
        self._waits = Waits.REQUEST
        self._at = now
        self._spent = 0.0  #: seconds of waiting for the present request, or its body, or its answer

    @property
    def waits(self) -> Waits:
        """What was waited for when it was last looked at."""
        return self._waits

    def begins(self, now: float) -> None:
        """Waits for the next request from now on."""
        self._waits, self._at, self._spent = Waits.REQUEST, now, 0.0

    def is_over(self, waits: Waits, now: float, timeout: float, moved: int) -> bool:
        """Looks at it: `waits` since the last look, `timeout` seconds that a client has for
        anything, `moved` bytes of the body, or the answer, so far."""
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
