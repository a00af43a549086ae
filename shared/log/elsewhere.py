"""Pads that are not in Redis, as this package sees them: somebody knows how to bring them here."""

from collections.abc import Sequence
from typing import Protocol

from padfleet.shared.log.records import Revision


class Elsewhere(Protocol):
    """What a process has that may bring pads back, see `shared/cold`. Each call raises
    `CorruptPad`, or what `UNREACHABLE` lists, with the store that is not answering among them."""

    async def bring(self, pad: str) -> bool:
        """Returns when the pad is in Redis; False: there is none of this name."""

    async def past(self, pad: str, first: int, last: int) -> Sequence[Revision]:
        """Old revisions of a pad that is in Redis, which were not brought with it: those of
        first…last that there are, in order."""

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        """The pad that a read-only id leads to; None: to none."""
