"""Keeps which submissions have had an answer, and which were handed over without an inbox (I2)."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from padfleet.shared.log.entries import Submission
from padfleet.shared.log.records import Origin


class Answers:
    """The highest `seq` of each session that became a revision or had an outcome. It outlives
    servers: what was answered once stays answered."""

    def __init__(self) -> None:
        self._highest: dict[str, int] = {}
        self.handed: dict[Origin, tuple[str, Submission]] = {}
        """What a node's worker has handed over to its writer without an inbox, and on which
        host."""

    def note(self, origin: Origin) -> None:
        self._highest[origin.session] = max(origin.seq, self._highest.get(origin.session, 0))

    def has(self, origin: Origin) -> bool:
        return self._highest.get(origin.session, 0) >= origin.seq

    def are_direct(self, who: str, origins: Set[Origin]) -> bool:
        """Returns whether all this was handed over on the host that has settled it, which leaves
        the position of the inbox where it is."""
        hosts = [self.handed[origin][0] if origin in self.handed else "" for origin in origins]
        return set(hosts) == {who}


class Told(NamedTuple):
    """What one transaction has told the workers."""

    outcomes: dict[Origin, str]  #: their kinds
    gone: set[str]  #: the pads that are said to be deleted
    origins: set[Origin]  #: those of all revisions and outcomes
