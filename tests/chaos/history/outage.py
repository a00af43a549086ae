"""Measures how long people had to wait because of a fault. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from tests.chaos.history.recording import (
    Accepted,
    Joined,
    Received,
    Recording,
    Submitted,
    ToldToReload,
)


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution over clients, in seconds."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Spread | None:
        """Returns the distribution, or None if there are no values."""
        known = list(seconds)
        return cls(min(known), median(known), max(known)) if known else None


@dataclass(frozen=True, slots=True)
class Outage:
    """Waiting times in seconds from the fault on, for clients that have typed since."""

    back: Spread | None
    """The time until something that was sent after the fault is accepted for the first time. It
    includes the client's pause between two edits, and its pause before it dials again. Anything
    sent before the fault does not count: its answer may have been on the way already."""
    waited: Spread | None
    """Each client's longest wait for one acceptance, from when the text was first sent, or from the
    fault if that came later. Text that was lost with a reload counts up to the reload."""
    never: tuple[str, ...]
    """The clients that sent something after the fault, or lost something with a reload, and had
    nothing accepted that they sent after the fault."""


def outage(recordings: Iterable[Recording], fault_time: float, until: float = math.inf) -> Outage:
    """Measures the waiting times after a fault.

    Arguments:
        fault_time: a time of the recordings' own clock.
        until: when the next fault began; everything after it is ignored.
    """
    back: dict[str, float] = {}
    waited: dict[str, float] = {}
    never: list[str] = []
    for recording in recordings:
        wait = _Wait(fault_time)
        author = ""
        for at, event in recording.moments:
            if at >= until:
                break
            match event:
                case Joined():
                    author = event.author
                case Submitted():
                    wait.sent(at)
                case Accepted():
                    wait.answered(at)
                case Received(missed=True) if event.author == author:
                    wait.answered(at)
                case ToldToReload():
                    wait.lost(at)
        if wait.first is not None:
            back[recording.client] = wait.first
        elif wait.asked:
            never.append(recording.client)
        if wait.longest is not None:
            waited[recording.client] = wait.longest
    return Outage(Spread.of(back.values()), Spread.of(waited.values()), tuple(never))


class _Wait:
    """Measures how long one client has been waiting."""

    def __init__(self, fault: float) -> None:
        self.first: float | None = None
        self.longest: float | None = None
        self.asked = False
        self._fault = fault
        self._since: float | None = None  # when what is in flight was sent for the first time
        self._sent_at = fault

    def sent(self, at: float) -> None:
        if self._since is None:
            self._since = at
        self._sent_at = at
        self.asked = self.asked or at >= self._fault

    def answered(self, at: float) -> None:
        if self._since is None:
            return
        if at >= self._fault:
            self._waited(at)
            if self.first is None and self._sent_at >= self._fault:
                self.first = at - self._fault
        self._since = None

    def lost(self, at: float) -> None:
        if self._since is not None and at >= self._fault:
            self.asked = True
            self._waited(at)
        self._since = None

    def _waited(self, at: float) -> None:
        assert self._since is not None
        self.longest = max(self.longest or 0.0, at - max(self._since, self._fault))
