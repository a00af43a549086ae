"""Defines what an attack is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.attack.drivers import Tally, Target

Run = Callable[[Target, Tally], Awaitable[None]]

PAD: Final = "attacked"
"""The beginning of the names of all pads that attackers create; they are deleted after each
attack."""


@dataclass(frozen=True)
class Attack:
    """One way to hurt a fleet, and what it may cost."""

    name: str  #: what is attacked, and how
    run: Run
    reaches: Mapping[str, int]
    """The outcomes that make it an attack at all: at least so many outcomes have to contain each of
    these words. An attack that is turned away at the first door proves nothing about what is behind
    it."""
    seconds: float = 4  #: how long it goes on; longer if it has not reached all of that
    clients: int = 1  #: addresses that it comes from
    short: bool = False  #: part of the form that CI runs
    peak_mb: float = 120  #: MB by which a process of the fleet may grow; see docs/limits.md
    redis_mb: float = 60  #: likewise for Redis
    helpers_mb: float = 1200  #: likewise for all processes that read and write files, together
    keys: int = 4000  #: by which Redis may grow meanwhile
    keys_left: int = 60
    """How many keys may be left when it is over and the attacker's pads are deleted: two of each
    author who was on a pad, and one of each pad."""

    def missed(self, outcome: Mapping[str, int], *, part: bool = False) -> list[str]:
        """Returns what the attack should have reached and has not; with `part`, one of each is
        enough."""
        found = []
        for word, whole in self.reaches.items():
            least = 1 if part else whole
            count = sum(n for said, n in outcome.items() if word in said)
            if count < least:
                found.append(f"no attack: {word!r} ×{count}, not {least} at least")
        return found
