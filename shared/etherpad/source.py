"""Where records are read from."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol


class SourceFailed(Exception):
    """It cannot be read from; the text says what, and why."""


@contextmanager
def failing(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Makes `SourceFailed` of these errors."""
    try:
        yield
    except errors as error:
        raise SourceFailed(f"{what}: {error}") from error


class Records(Protocol):
    """A database of Etherpad, or a file with the records of a pad."""

    async def get(self, keys: Sequence[str]) -> list[Any]:
        """The values, as JSON with code-unit strings; None for what is not there. Raises
        `BadRecord` for what is no JSON, or `SourceFailed`."""
        ...

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin so, in no order."""
        ...

    async def close(self) -> None: ...


def behind(prefix: str) -> str:
    """The first text behind all that begin with the prefix, in the order of code points."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


async def pad_ids(records: Records) -> list[str]:
    """The ids of all pads, in alphabetical order. As in Etherpad, no id has a colon: behind one is
    what a record is of a pad, and plugins have words of their own for that."""
    found = [key.removeprefix("pad:") async for key in records.keys("pad:")]
    return sorted(pad_id for pad_id in found if ":" not in pad_id)
