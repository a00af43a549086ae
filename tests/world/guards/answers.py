"""Keeps which submissions have had an answer (I2)."""

from __future__ import annotations

from typing import NamedTuple

from padfleet.shared.log.records import Origin


class Answers:
    """The highest `seq` of each session that became a revision or had an outcome. It outlives
    servers: what was answered once stays answered."""

    def __init__(self) -> None:
        self._highest: dict[str, int] = {}

    def note(self, origin: Origin) -> None:
        self._highest[origin.session] = max(origin.seq, self._highest.get(origin.session, 0))

    def has(self, origin: Origin) -> bool:
        return self._highest.get(origin.session, 0) >= origin.seq


class Told(NamedTuple):
    """What one transaction has told the workers."""

    outcomes: dict[Origin, str]  #: their kinds
    gone: set[str]  #: the pads that are said to be deleted
