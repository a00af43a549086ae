"""Bytes under names, each replaced as a whole: the seam below `pads`."""

from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

ColdVersion = str
"""Names what was put under a name by one call. Opaque; no two puts under a name have the same one,
also where they put the same bytes."""


class Stored(NamedTuple):
    """What lies under a name."""

    data: bytes
    version: ColdVersion


class ColdStore(Protocol):
    """Names are texts of printable ASCII without a space, with ``/`` between their parts, up to 800
    bytes. What was put is durable when the call returns, and whoever reads after that finds it.

    Every call raises `StoreAway` when the store does not answer. It may have done then what it was
    asked for: who repeats a put or a delete is told `Overwritten` in that case, and looks.
    """

    async def get(self, name: str) -> Stored | None:
        """What lies there; None: nothing."""
        ...

    async def put(self, name: str, data: bytes, *, over: ColdVersion | None) -> ColdVersion:
        """Replaces what has the version `over`; None: only where nothing is. Whole or not at all.

        Raises `Overwritten` if something else is there, or nothing; `StoreFull`.
        """
        ...

    async def delete(self, name: str, *, over: ColdVersion) -> None:
        """Takes away what has the version `over`. Raises `Overwritten` if that is not there."""
        ...

    def names(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        """The names that begin with `prefix` and come after `after`, in the order of their bytes.
        A page at a time, whatever their number; what comes or goes meanwhile may be told or not."""
        ...

    async def aclose(self) -> None:
        """Closes connections. To be called once."""
        ...
