"""This module has the errors for a pad whose keys do not hold what they should. It is pure.

with of_right_type(keys.snap):
    data = await redis.client.get(keys.snap)
with readable(keys.snap):
    snapshot = Snapshot.from_bytes(data)
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from msgpack.exceptions import UnpackException
from redis.exceptions import NoPermissionError, ResponseError

from padfleet.shared.log.connection.connect import UNREACHABLE

_UNREADABLE = (
    ValueError,  # for texts that are no numbers or JSON, and for most faults that msgpack finds
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
    UnpackException,
    zlib.error,
)
"""What decoding raises for bytes that padfleet has not written, or that somebody has changed."""


_FORBIDDEN = ("NOPERM", "ACL failure", "no permissions", "executing the script can't")
"""What the various versions of Redis and Valkey say if a script is denied access."""


class CorruptPad(Exception):
    """The stored parts of the pad are inconsistent. The text says how."""


class RevisionMissing(CorruptPad):
    """A revision that must exist is nowhere where it could be."""


class PadReplaced(CorruptPad):
    """The pad was deleted or replaced while it was read, so there is nothing wrong with it. Whoever
    reads it again finds what is there now."""

    def __init__(self) -> None:
        super().__init__("the pad was deleted or replaced while it was read")


@contextmanager
def of_right_type(key: str) -> Iterator[None]:
    """Wraps a command. Raises `CorruptPad` if the key does not have the type that it should have. A
    server that is unreachable or refuses access says nothing about the pad, so its error is raised
    as it is."""
    try:
        yield
    except ResponseError as error:
        if not is_wrong_type(error):
            raise
        raise CorruptPad(f"{key} is of a wrong type") from error


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Wraps the decoding of what a command has returned, but not the command itself. Raises
    `CorruptPad` if the data cannot be decoded."""
    try:
        yield
    except _UNREADABLE as error:
        raise CorruptPad(f"{what} is not readable: {type(error).__name__}: {error}") from error


def is_wrong_type(error: BaseException) -> bool:
    """Returns whether Redis says that a key holds another type of value than the command is for."""
    return isinstance(error, ResponseError) and "WRONGTYPE" in str(error)


def is_of_a_key(error: BaseException) -> bool:
    """Returns whether the error is due to a key's content, which Redis or one of the scripts cannot
    work with: trying again, or on another worker, would not help."""
    return (
        isinstance(error, ResponseError)
        and not isinstance(error, UNREACHABLE)
        and not is_forbidden(error)
    )


def is_forbidden(error: BaseException) -> bool:
    """Returns whether Redis denies access to a command or key for which the user has no right, even
    within a script."""
    return isinstance(error, NoPermissionError) or (
        isinstance(error, ResponseError) and any(words in str(error) for words in _FORBIDDEN)
    )
