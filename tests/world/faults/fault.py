"""One fault of a storm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault that the seed names."""

    number: int
    at: float  #: seconds from the beginning of the storm
    kind: str
    target: str
    seconds: float  #: how long it lasts
    chance: float  #: how strong it is, from 0 to 1

    def __str__(self) -> str:
        target = f" {self.target}" if self.target else ""
        return f"{self.number}. {self.kind}{target} for {self.seconds:.2f} s ({self.chance:.2f})"


Kinds = dict[str, Callable[[Fault], None]]
"""What strikes, by the name of each kind of faults."""
