"""Decides what is settled in a partition while one of its pads is busy with an edit that takes
long.

Entries of one pad stay in order, and so do all entries that need the whole partition. Entries of
other pads may be settled before their turn: the results for one pad never depend on another. They
leave the inbox as they are settled, so each is settled once, whichever writer reads the inbox after
us (I2).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from padfleet.shared.log.entries import Deletion, Entry
from padfleet.shared.log.inboxes.heaviness import is_heavy
from padfleet.shared.log.inboxes.received import Received, Staged
from padfleet.shared.supervision.progress import progress

More = Callable[[str | None], Awaitable[list[Received] | None]]
"""Reads the entries after an ID, without waiting for any; with None, it reads nothing. Returns None
if the writer is to stop and must not continue with anything that takes long. Raises `LeaseLost` if
it is known that somebody else may have the lease."""

MOST_WAITING = 2_000
"""The largest number of entries that are kept until it is their turn; beyond that, nothing more is
read."""

AT_ONCE = 500
"""The largest number of entries that are settled out of turn in one step."""

PAUSE = 0.02
"""How many seconds pass between two checks of the inbox."""


class ToStop(Exception):
    """The writer is to stop. The entry that it is working on stays in the inbox for the next
    writer."""


async def nothing_more(_behind: str | None) -> list[Received] | None:
    return []


class Rest:
    """The entries after one that takes long."""

    def __init__(self, pad: str, entries: list[Received], read_to: str) -> None:
        """Takes the busy pad and the entries that have been read; there are no others up to the ID
        `read_to`."""
        self._busy = {pad}  #: pads with an entry that waits for its turn
        self._entries = entries  #: not settled, in order
        self._looked_at = 0  #: of these
        self._open = True
        self.read_to = read_to

    @property
    def left(self) -> list[Received]:
        """Returns the entries that have to be settled in turn."""
        return self._entries

    async def is_over(self, work: "asyncio.Task[Any]", more: More) -> bool:
        """Returns whether the work is done; if not, there is something to settle meanwhile. Raises
        `ToStop`, or what `more` raises: nobody should wait for the work then."""
        while not work.done():
            progress()
            if self._open and self._looked_at < len(self._entries):
                await asyncio.sleep(0)
                return False
            reads_on = self._open and len(self._entries) < MOST_WAITING
            found = await more(self.read_to if reads_on else None)
            if found is None:
                raise ToStop
            if found:
                self._entries += found
                self.read_to = found[-1].id
                continue
            await asyncio.wait((work,), timeout=PAUSE)
        return True

    def next(self) -> list[Received]:
        """Returns some entries, in order, that may be settled before their turn, as far as can be
        seen."""
        chosen: list[Received] = []
        while self._looked_at < len(self._entries) and len(chosen) < AT_ONCE:
            received = self._entries[self._looked_at]
            self._looked_at += 1
            if not self.has_to_wait(received):
                chosen.append(received)
        return chosen

    def has_to_wait(self, received: Received, entry: Entry | None = None) -> bool:
        """Returns whether an entry has to wait for its turn. If so, later ones of its pad have to
        wait as well.

        Arguments:
            entry: the entry itself, if it has been fetched from beside the inbox.
        """
        entry_or_place = entry or received.entry
        if (
            entry_or_place is None
            or isinstance(entry_or_place, Deletion)
            or received.pad in self._busy
            or (not isinstance(entry_or_place, Staged) and is_heavy(entry_or_place))
        ):
            self.wait(received)
            return True
        return False

    def wait(self, received: Received) -> None:
        """Marks an entry as too much to be settled out of turn."""
        if received.pad is not None:
            self._busy.add(received.pad)

    def settled(self, ids: list[str]) -> None:
        gone = set(ids)
        before = self._entries[: self._looked_at]
        left = [received for received in before if received.id not in gone]
        self._entries[: self._looked_at] = left
        self._looked_at = len(left)

    def end(self) -> None:
        """Ends settling out of turn."""
        self._open = False
