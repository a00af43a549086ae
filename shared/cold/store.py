"""Bytes under names, each replaced as a whole: the seam below `pads`."""

import re
from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

ColdVersion = str
"""Names what lies under a name. Opaque. Where the same bytes are put again, it may be the same
again: who has to tell two puts apart puts something into the bytes that is unlike any other."""

LONGEST_NAME = 800
LONGEST_PART = 200
"""Characters of a name, and of one part of it: file systems take 255 bytes."""

_PART = re.compile(r"[A-Za-z0-9_~%=+-][A-Za-z0-9._~%=+-]*")


class Stored(NamedTuple):
    """What lies under a name."""

    data: bytes
    version: ColdVersion
    time: float = 0.0  #: when it was put, by the store's clock, Unix seconds; 0: it has none


class ColdStore(Protocol):
    """Names are plain parts with ``/`` between them, see `check_name`; none is also what another
    begins with up to a slash. What was put is durable when the call returns, and whoever reads
    after that finds it.

    Every call raises `StoreAway` when the store does not answer. It may have done then what it was
    asked for: who repeats a put or a delete is told `Overwritten` in that case, and looks.
    """

    async def get(self, name: str) -> Stored | None:
        """What lies there; None: nothing."""
        ...

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> ColdVersion:
        """Replaces what has the version `over`; None: only where nothing is. Whole or not at all.
        `data` is not empty.

        Raises `Overwritten` if something else is there, or nothing; `StoreFull`.
        """
        ...

    async def delete(self, name: str, *, over: ColdVersion | None) -> None:
        """Takes away what has the version `over`. Raises `Overwritten` if that is not there. None:
        takes away whatever is there, or nothing; for names under which nobody puts twice."""
        ...

    def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        """The names that begin with `prefix` and come after `after`, in the order of their bytes.
        A page at a time, whatever their number; what comes or goes meanwhile may be told or not."""
        ...

    async def aclose(self) -> None:
        """Closes connections. To be called once."""
        ...


def check_name(name: str) -> None:
    """Raises ValueError for what is no name. No part of one begins with a dot: so none leads
    elsewhere, and a store has names for its own use."""
    parts = name.split("/")
    if len(name) > LONGEST_NAME or any(
        len(part) > LONGEST_PART or not _PART.fullmatch(part) for part in parts
    ):
        raise ValueError(f"not a valid name in a cold store: {name!r}")
