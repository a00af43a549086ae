"""This module has the exceptions for what a server refuses: redis-py's classes, and our own where
it has none."""

from typing import cast

from redis import exceptions
from redis._parsers.base import BaseParser


class NotNow(exceptions.ResponseError):
    """Says that the server is alive but takes no writes: its disk or its replicas fail, or a script
    is running."""


class NoWrites(NotNow):
    """Says that the server cannot write to its disk, which is usually full. What it holds can still
    be read."""


# redis-py has its own classes for most such replies, but not for these.
BaseParser.EXCEPTION_CLASSES |= {"MISCONF": NoWrites, "NOREPLICAS": NotNow, "BUSY": NotNow}


FULL = "Redis accepts no writes at present: its disk or its memory may be full"
"""What clients are told where that is why they cannot be served."""


def reason_for_clients(error: BaseException | None) -> str:
    """Returns what a client may be told of the reason why it cannot be served; empty: nothing in
    particular."""
    while error is not None:
        if isinstance(error, NoWrites | exceptions.OutOfMemoryError):
            return FULL
        error = error.__cause__
    return ""


def error_of(text: str) -> Exception:
    """Returns the exception for an error reply, of the same class that redis-py's own connections
    raise."""
    return cast("Exception", BaseParser.parse_error(text))
