"""This module defines the sources from which records are read."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from padfleet.shared.etherpad.records import Unreadable
from padfleet.shared.settings import mask
from padfleet.shared.wire.jsontext import loads


class SourceFailed(Exception):
    """The source cannot be read; the text says what failed, and why."""


@contextmanager
def failing(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Turns these errors into `SourceFailed`."""
    try:
        yield
    except errors as error:
        raise SourceFailed(f"{what}: {_why(error)}") from error


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    # A redirection without an end is the error that says least of itself.
    if type(error).__name__ == "TooManyRedirects":
        return "it redirects in circles"
    return str(error) or type(error).__name__


def check_address(url: str) -> None:
    """Raises `SourceFailed` for an address that nothing can have. The libraries would raise
    whatever they please, in the middle of their work."""
    try:
        parts = urlsplit(url)
        if "," not in parts.netloc:  # else there are several hosts, each with its port
            _ = parts.port
        if parts.scheme in ("http", "https") and not parts.hostname:
            raise ValueError("it has no host")
    except ValueError as error:
        raise SourceFailed(f"{mask(url)} is not an address: {error}") from None


class Records(Protocol):
    """An Etherpad's database, or a file with the records of a pad."""

    async def get(self, keys: Sequence[str]) -> list[Any]:
        """Returns the values as JSON with code-unit strings. A value is None if the key does not
        exist, and `Unreadable` if it is not JSON.

        Raises `SourceFailed`.
        """
        ...

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yields all keys with this prefix, in any order. Keys that are not UTF-8 have been
        converted by `key_of`."""
        ...

    async def close(self) -> None: ...


def value_of(stored: object) -> Any:
    """Converts the JSON that a database has for a key to what `Records.get` returns."""
    if stored is None:
        return None
    if not isinstance(stored, bytes | str):
        return Unreadable("it is no text")
    try:
        return loads(stored)
    except ValueError as error:
        return Unreadable(str(error))


def key_of(stored: bytes | str) -> str:
    """Converts a key from a database. Bytes that are not UTF-8 become lone surrogates: no pad can
    have such an id, but this way it can be reported and its records can be found."""
    return stored.decode("utf-8", "surrogateescape") if isinstance(stored, bytes) else stored


def stored_key(key: str) -> bytes:
    """Converts what `key_of` returned back to the key in the database."""
    return key.encode("utf-8", "surrogateescape")


class Noted:
    """Implements `Records`, and keeps a list of the values that cannot be read."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._unreadable: dict[str, str] = {}

    async def get(self, keys: Sequence[str]) -> list[Any]:
        """Implements `Records.get`."""
        values = await self._records.get(keys)
        for key, value in zip(keys, values, strict=True):
            if isinstance(value, Unreadable):
                self._unreadable[key] = value.why
        return values

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """Implements `Records.keys`."""
        return self._records.keys(prefix)

    def take_unreadable(self) -> dict[str, str]:
        """Returns the unreadable records found since the last call, each with the reason."""
        found, self._unreadable = self._unreadable, {}
        return found

    async def close(self) -> None:
        """Closes the records."""
        await self._records.close()


def behind(prefix: str) -> str:
    """Returns the first string after all strings with this prefix, in the order of code points."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


async def pad_ids(records: Records) -> list[str]:
    """Returns the ids of all pads, in alphabetical order. As in Etherpad, no id contains a colon:
    after the id, a colon begins the kind of the record, and plugins add kinds."""
    found = [key.removeprefix("pad:") async for key in records.keys("pad:")]
    return sorted(pad_id for pad_id in found if ":" not in pad_id)
