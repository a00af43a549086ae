"""What an attack is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.attack.drivers import Tally, Target

Run = Callable[[Target, Tally], Awaitable[None]]

PAD: Final = "attacked"
"""Begins the names of all pads that attackers make; they are deleted after each attack."""


@dataclass(frozen=True)
class Attack:
    """One way to hurt a fleet, and what it may cost."""

    name: str  #: what is attacked, and how
    run: Run
    reaches: Mapping[str, int]
    """What has to come of it for it to be an attack at all: so many outcomes, at least, that have
    this in them. One that is turned away at the first door proves nothing of what is behind."""
    seconds: float = 5  #: it is ended then
    clients: int = 1  #: addresses that it comes from
    short: bool = False  #: part of the form that CI runs
    peak_mb: float = 120  #: by which a process of the fleet may grow meanwhile; see docs/limits.md
    redis_mb: float = 60  #: likewise, Redis
    helpers_mb: float = 1200  #: likewise, processes that read and write files, all together
    keys: int = 4000  #: by which Redis may grow meanwhile
    keys_left: int = 60
    """Keys that may be left when it is over and the attacker's pads are deleted: two of each author
    who was on a pad stay, and one of each pad."""

    def missed(self, outcome: Mapping[str, int], *, part: bool = False) -> list[str]:
        """What it was to reach and has not; `part`: once of each is enough."""
        found = []
        for word, whole in self.reaches.items():
            least = 1 if part else whole
            count = sum(n for said, n in outcome.items() if word in said)
            if count < least:
                found.append(f"no attack: {word!r} ×{count}, not {least} at least")
        return found
