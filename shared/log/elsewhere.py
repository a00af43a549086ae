"""This module defines the interface to pads that are not in Redis, as this package sees it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from padfleet.shared.log.records import Revision

if TYPE_CHECKING:
    from padfleet.shared.log.pad.reader import PadReader


class Elsewhere(Protocol):
    """Access to pads outside Redis; `shared/cold` implements it. Each call raises `CorruptPad`, or
    what `UNREACHABLE` lists. The latter includes a store that does not answer."""

    async def bring(self, pad: str) -> bool:
        """Returns True once the pad is in Redis, or False if there is no pad of this name."""

    async def has(self, pad: str) -> bool:
        """Returns whether the pad, which Redis does not have, can be brought. It is not moved, and
        little of it is read."""

    async def view(self, pad: str) -> "PadReader | None":
        """Returns the pad as it is stored there, without moving it. Returns None if there is no
        such pad, or if it is in Redis by now, because it was on its way there or its copy here was
        lost."""

    async def weight(self, pad: str) -> int:
        """Returns how many bytes reading the pad there takes at most; 0 if there is no such pad."""

    async def past(self, pad: str, first: int, last: int) -> Sequence[Revision]:
        """Returns those revisions of first…last that exist there, in order. They are not in Redis
        because they are old and were not brought along with the pad, or because the pad was taken
        out of Redis while it was being read."""

    async def are_there(self, pads: Sequence[str]) -> list[bool]:
        """Returns, for each of these pads, none of which is in Redis, whether it exists
        elsewhere."""

    async def pads_of_author(self, author: str) -> list[str]:
        """Returns the pads elsewhere that contain this author's work. Some of them may also be in
        Redis."""

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        """Returns the pad that belongs to a read-only id, or None."""
