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


def error_of(text: str) -> Exception:
    """Returns the exception for an error reply, of the same class that redis-py's own connections
    raise."""
    return cast("Exception", BaseParser.parse_error(text))
