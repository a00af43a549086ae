"""What a server's refusals are raised as: redis-py's classes, and ours for what it has none for."""

from typing import cast

from redis import exceptions
from redis._parsers.base import BaseParser


class NotNow(exceptions.ResponseError):
    """The server lives but takes no writes: its disk or its replicas fail it, or a script runs."""


class NoWrites(NotNow):
    """It cannot write to its disk, which mostly is full. What it has can be read."""


# redis-py has classes of its own for most of such answers, for these it has not.
BaseParser.EXCEPTION_CLASSES |= {"MISCONF": NoWrites, "NOREPLICAS": NotNow, "BUSY": NotNow}


def error_of(text: str) -> Exception:
    """The exception for an error reply, of the class that redis-py's own connections raise."""
    return cast("Exception", BaseParser.parse_error(text))
