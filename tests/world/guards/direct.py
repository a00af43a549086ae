"""Checks that what a node's worker hands over to its writer is committed or comes back (I2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from padfleet.services.writer.leases.lease_manager import LeaseManager
from padfleet.shared.log.inboxes.local import DirectEdit
from tests.world.guards.ledger import Ledger
from tests.world.host import Host, here
from tests.world.loop import WorldLoop

TOLD_WITHIN: Final = 20.0
"""How many seconds may pass until an edit has been told what has become of it. Whoever sends a
commit has its answer, or knows that none will come, long before that."""


@dataclass(eq=False)
class _Handed:
    """An edit that a writer has taken and not told anything yet."""

    host: Host
    edit: DirectEdit
    since: float
    told: str = ""


class DirectGuard:
    """The guard of all nodes of a run. There is one per process, since it hooks into a class of the
    product."""

    def __init__(self, found: Callable[[str], None], ledger: Ledger, loop: WorldLoop) -> None:
        self._found = found
        self._ledger = ledger
        self._loop = loop
        self._handed: list[_Handed] = []
        self.taken = 0
        take = LeaseManager.take

        def taking(manager: LeaseManager, edit: DirectEdit) -> bool:
            host = here()
            assert host is not None
            handed = _Handed(host, edit, loop.now)
            committed = partial(self._committed, handed)
            declined = partial(self._declined, handed)
            if not take(manager, edit._replace(committed=committed, declined=declined)):
                return False
            self.taken += 1
            self._handed.append(handed)
            ledger.handed_over(edit.submission, host.name)
            return True

        LeaseManager.take = taking  # type: ignore[method-assign,assignment]

    def _committed(self, handed: _Handed, position: str) -> None:
        submission = handed.edit.submission
        if not self._ledger.may_be_settled(submission):
            self._wrong(handed, "said to be committed, and is neither a revision nor refused")
        self._tell(handed, "committed")
        handed.edit.committed(position)

    def _declined(self, handed: _Handed) -> None:
        self._tell(handed, "declined")
        handed.edit.declined()

    def _tell(self, handed: _Handed, what: str) -> None:
        if handed not in self._handed:
            self._wrong(handed, f"told {what} after {handed.told or 'nothing'}")
            return
        handed.told = what
        self._handed.remove(handed)

    def look(self) -> None:
        """Finds edits that nobody has told anything. A program that stands still tells nothing."""
        now = self._loop.now
        self._handed = [handed for handed in self._handed if handed.host.alive]
        for handed in self._handed:
            if handed.host.frozen:
                handed.since = now
            elif now - handed.since > TOLD_WITHIN:
                self._wrong(handed, f"has been told nothing for {TOLD_WITHIN:.0f} s")

    def _wrong(self, handed: _Handed, what: str) -> None:
        entry = handed.edit.submission
        self._found(
            f"I2 {entry.pad}: submission {entry.origin.seq} of {entry.origin.session}, handed over "
            f"on {handed.host.name}: {what}"
        )
