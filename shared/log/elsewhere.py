"""Pads that are not in Redis, as this package sees them: somebody knows how to bring them here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from padfleet.shared.log.records import Revision

if TYPE_CHECKING:
    from padfleet.shared.log.reader import PadReader


class Elsewhere(Protocol):
    """What a process has that may bring pads back, see `shared/cold`. Each call raises
    `CorruptPad`, or what `UNREACHABLE` lists, with the store that is not answering among them."""

    async def bring(self, pad: str) -> bool:
        """Returns when the pad is in Redis; False: there is none of this name."""

    async def view(self, pad: str) -> "PadReader | None":
        """The pad as it lies there, which stays there. None: there is none, or it is in Redis by
        now, since it was on its way there, or lost."""

    async def weight(self, pad: str) -> int:
        """Bytes that are read of a pad there, at most; 0: there is none."""

    async def past(self, pad: str, first: int, last: int) -> Sequence[Revision]:
        """Revisions of a pad that are not in Redis: old ones, which were not brought with it, or
        all of them, if it was taken out while it is read. Those of first…last that there are, in
        order."""

    async def are_there(self, pads: Sequence[str]) -> list[bool]:
        """Whether each of these pads, of which Redis has nothing, is there all the same."""

    async def pads_of_author(self, author: str) -> list[str]:
        """The pads elsewhere that this author is in; some of them may be in Redis, too."""

    async def pad_of_read_only(self, read_only_id: str) -> str | None:
        """The pad that a read-only id leads to; None: to none."""
