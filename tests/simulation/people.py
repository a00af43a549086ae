"""Decides who is on which pad, and on which worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.simulation.fleet import Worker
from tests.simulation.pads import Pad
from tests.simulation.rooms import Room


@dataclass(frozen=True)
class People:
    sockets: int
    pads: int
    editors: int
    rate: float  #: edits per second of each editor
    skew: float = 0.5
    hot: tuple[int, int] | None = None  #: sockets and editors of one more pad
    hot_spread: bool = True  #: the balancer spreads that pad over all workers

    def by_pad(self) -> list[tuple[int, int]]:
        """Sockets and editors of each pad, the hot one last."""
        weights = [rank**-self.skew for rank in range(1, self.pads + 1)]
        spare, whole = self.sockets - self.pads, sum(weights)
        sizes = [1 + extra for extra in _whole([spare * weight / whole for weight in weights])]
        every = self.editors / self.sockets
        shape = list(zip(sizes, _whole([size * every for size in sizes]), strict=True))
        return [*shape, self.hot] if self.hot is not None else shape


@dataclass(eq=False)
class Group:
    """The people who are on one pad."""

    pad: Pad
    editors: list[str]
    homes: dict[str, Worker] = field(default_factory=dict)
    rooms: dict[Worker, Room] = field(default_factory=dict)


def _whole(amounts: Sequence[float]) -> list[int]:
    """Returns whole numbers with the same sum, each within 1 of its amount."""
    found, total, given = [], 0.0, 0
    for amount in amounts:
        total += amount
        found.append(round(total) - given)
        given += found[-1]
    return found
