"""The interface to pads that are not in Redis, as this package sees it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from padfleet.shared.log.records import Revision

if TYPE_CHECKING:
    from padfleet.shared.log.pad.reader import PadReader


class Elsewhere(Protocol):
    """Access to pads outside Redis, see `shared/cold`. Each call raises `CorruptPad`, or what
    `UNREACHABLE` lists; the latter includes a store that does not answer."""

    async def bring(self, pad: str) -> bool:
        """Returns True when the pad is in Redis; False if there is no pad of this name."""

    async def has(self, pad: str) -> bool:
        """Returns whether the pad, which Redis does not have, can be brought. It is not moved, and
        little of it is read."""

    async def view(self, pad: str) -> "PadReader | None":
        """Returns the pad as it is stored there, without moving it. None: there is none, or it is
        in Redis by now, because it was on its way there, or lost."""

    async def weight(self, pad: str) -> int:
        """Returns the most bytes that reading the pad there takes; 0: there is none."""

    async def past(self, pad: str, first: int, last: int) -> Sequence[Revision]:
        """Returns revisions of a pad that are not in Redis: old ones, which were not brought with
        it, or all of them if it was taken out while being read. Those of first…last that exist, in
        order."""

    async def are_there(self, pads: Sequence[str]) -> list[bool]:
        """Returns, for each of these pads that Redis does not have, whether it exists all the
        same."""

    async def pads_of_author(self, author: str) -> list[str]:
        """Returns the pads elsewhere that contain this author's work; some of them may be in Redis,
        too."""

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        """Returns the pad that a read-only id leads to, or None."""
