"""This module defines the interface below `pads`: bytes under names, each replaced as a whole."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

ColdVersion = str
"""Identifies what is stored under a name. It is opaque. If the same bytes are put again, the
version may be the same again: a caller that has to distinguish two puts includes something unique
in the bytes."""

LONGEST_NAME = 800
LONGEST_PART = 200
"""The maximum number of characters of a name, and of one part of it: file systems accept 255
bytes."""

_PART = re.compile(r"[A-Za-z0-9_~%=+-][A-Za-z0-9._~%=+-]*")


class StoredObject(NamedTuple):
    """What is stored under a name."""

    data: bytes
    version: ColdVersion
    time: float = 0.0  #: when it was put, by the store's clock, in Unix seconds; 0 if unknown


class ColdStore(Protocol):
    """Stores bytes under names. A name consists of plain parts with ``/`` between them (see
    `check_name`), and no name is the beginning of another up to a slash. What was put is durable
    when the call returns, and every later read finds it.

    Every call raises `StoreAway` when the store does not answer. The store may nevertheless have
    done what was asked. A caller that repeats a put or a delete then gets `Overwritten`, and has to
    look.
    """

    async def get(self, name: str) -> StoredObject | None:
        """Returns what is stored under the name, or None if nothing is."""
        ...

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> ColdVersion:
        """Replaces what has the version `over`; with None, it writes only if nothing is there. It
        does so entirely or not at all. `data` is not empty.

        Raises `Overwritten` if there is something else, or nothing; `StoreFull`.
        """
        ...

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        """Deletes what has the version `over`, and raises `Overwritten` if that is not there. With
        None, it deletes whatever is there, if anything; this is for names that are written only
        once."""
        ...

    def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        """Yields the names that begin with `prefix` and come after `after`, in the order of their
        bytes, a page at a time however many there are. Names that are added or deleted meanwhile
        may or may not be included."""
        ...

    async def aclose(self) -> None:
        """Closes the connections. It has to be called once."""
        ...


def check_name(name: str) -> None:
    """Raises ValueError for an invalid name. No part of a name begins with a dot, so that no name
    leads outside and a store has names for its own use."""
    parts = name.split("/")
    if len(name) > LONGEST_NAME or any(
        len(part) > LONGEST_PART or not _PART.fullmatch(part) for part in parts
    ):
        raise ValueError(f"not a valid name in a cold store: {name!r}")
