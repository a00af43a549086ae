"""Where records are read from."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from padfleet.shared.etherpad.records import Unreadable
from padfleet.shared.wire.jsontext import loads


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
        """The values, as JSON with code-unit strings; None for what is not there, and `Unreadable`
        for what is no JSON. Raises `SourceFailed`."""
        ...

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """All keys that begin so, in no order; bytes that are no UTF-8 as `key_of` has them."""
        ...

    async def close(self) -> None: ...


def value_of(stored: object) -> Any:
    """What a database has for a key, which is JSON, as `Records.get` gives it."""
    if stored is None:
        return None
    if not isinstance(stored, bytes | str):
        return Unreadable("it is no text")
    try:
        return loads(stored)
    except ValueError as error:
        return Unreadable(str(error))


def key_of(stored: bytes | str) -> str:
    """A key as a database has it. Bytes that are no UTF-8 become lone surrogates: no pad can have
    such an id, but it can be said that there is one, and the records are found by it."""
    return stored.decode("utf-8", "surrogateescape") if isinstance(stored, bytes) else stored


def stored_key(key: str) -> bytes:
    """As the database has it, of what `key_of` has made of it."""
    return key.encode("utf-8", "surrogateescape")


class Noted:
    """Records of which it is remembered which cannot be read."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._unreadable: dict[str, str] = {}

    async def get(self, keys: Sequence[str]) -> list[Any]:
        """As `Records.get`."""
        values = await self._records.get(keys)
        for key, value in zip(keys, values, strict=True):
            if isinstance(value, Unreadable):
                self._unreadable[key] = value.why
        return values

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """As `Records.keys`."""
        return self._records.keys(prefix)

    def take_unreadable(self) -> dict[str, str]:
        """Those that have been met since this was last asked, each with the reason."""
        found, self._unreadable = self._unreadable, {}
        return found

    async def close(self) -> None:
        """Closes the records."""
        await self._records.close()


def behind(prefix: str) -> str:
    """The first text behind all that begin with the prefix, in the order of code points."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


async def pad_ids(records: Records) -> list[str]:
    """The ids of all pads, in alphabetical order. As in Etherpad, no id has a colon: behind one is
    what a record is of a pad, and plugins have words of their own for that."""
    found = [key.removeprefix("pad:") async for key in records.keys("pad:")]
    return sorted(pad_id for pad_id in found if ":" not in pad_id)
