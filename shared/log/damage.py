"""What is said where a pad's keys do not hold what they should. Pure.

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

from padfleet.shared.log.connect import UNREACHABLE

_UNREADABLE = (
    ValueError,  # of texts that are no numbers, JSON, and most that msgpack finds
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
    UnpackException,
    zlib.error,
)
"""What reading bytes raises that we have not written, or that somebody has changed."""


_FORBIDDEN = ("NOPERM", "ACL failure", "no permissions", "executing the script can't")
"""What Redis and Valkey say in the several versions, where a script meets it."""


class CorruptPad(Exception):
    """What is stored of the pad does not fit together. The text says what."""


@contextmanager
def of_right_type(key: str) -> Iterator[None]:
    """Around a command: raises `CorruptPad` where the key is not of the kind that it is for. A
    server that is away, or forbids it, says nothing about the pad."""
    try:
        yield
    except ResponseError as error:
        if not is_wrong_type(error):
            raise
        raise CorruptPad(f"{key} is of a wrong type") from error


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Around the reading of what a command has found, and no command: raises `CorruptPad` where it
    makes no sense."""
    try:
        yield
    except _UNREADABLE as error:
        raise CorruptPad(f"{what} is not readable: {type(error).__name__}: {error}") from error


def is_wrong_type(error: BaseException) -> bool:
    """Whether Redis says that a key holds another kind of value than a command is for."""
    return isinstance(error, ResponseError) and "WRONGTYPE" in str(error)


def is_of_a_key(error: BaseException) -> bool:
    """Whether it is what a key holds that Redis, or a script of ours, cannot work with: it will be
    no better in a moment, or on another worker."""
    return (
        isinstance(error, ResponseError)
        and not isinstance(error, UNREACHABLE)
        and not is_forbidden(error)
    )


def is_forbidden(error: BaseException) -> bool:
    """Whether Redis does not let us: a command, or a key, that the user has no right to, in a
    script too."""
    return isinstance(error, NoPermissionError) or (
        isinstance(error, ResponseError) and any(words in str(error) for words in _FORBIDDEN)
    )
