"""This module takes the figures that this worker reports, and finds the pads that give it the most
work."""

from collections.abc import Callable, Iterable
from heapq import nlargest
from time import monotonic

from padfleet.services.fanout import metrics
from padfleet.services.fanout.hub.room import Room
from padfleet.shared.fleet.beacon import Figures, reading
from padfleet.shared.fleet.record import BusyPads
from padfleet.shared.log.keys import CANARY

MOST = 8
"""How many pads are named: the question is usually which one causes the load."""


class Busiest:
    """Finds the busiest pads. It remembers the heads from its last look, to find out how fast they
    grow. 10,000 pads take 9 ms."""

    def __init__(self, rooms: Iterable[Room], clock: Callable[[], float] = monotonic) -> None:
        self._rooms = rooms
        self._clock = clock
        self._heads: dict[str, int] = {}
        self._looked = clock()

    def look(self) -> list[BusyPads]:
        now = self._clock()
        span, self._looked = now - self._looked, now
        heads: dict[str, int] = {}
        found: list[tuple[float, Room]] = []
        for room in self._rooms:
            if room.pad_id.startswith(CANARY):
                continue
            head = heads[room.pad_id] = room.feed.head
            # A pad that was just opened, or created again, has no rate yet.
            grown = max(0, head - self._heads.get(room.pad_id, head))
            found.append((grown / span if span > 0 else 0.0, room))
        self._heads = heads
        most = nlargest(
            MOST, found, key=lambda at: (at[0] * len(at[1].sessions), len(at[1].people.roster))
        )
        return [_busy(rate, room) for rate, room in most]


def _busy(rate: float, room: Room) -> BusyPads:
    head = room.feed.head
    behind = max((head - s.cursor.sent_rev for s in room.sessions.values()), default=0)
    return BusyPads(
        room.pad_id, len(room.people.roster), len(room.sessions), round(rate * 10), max(0, behind)
    )


def figures_of(rooms: Iterable[Room]) -> Callable[[], Figures]:
    """Returns a function that takes the figures of the worker with these rooms."""
    busiest = Busiest(rooms)

    def figures() -> Figures:
        return Figures(
            revisions=metrics.DELIVERED.value,
            latency=metrics.DELIVERY_SECONDS.buckets(),
            flow=metrics.CANARY_SECONDS.buckets(),
            pads=sum(not room.pad_id.startswith(CANARY) for room in rooms),
            sockets=round(reading(metrics.SOCKETS)),
            sessions=round(reading(metrics.SESSIONS)),
            frames=sum(metrics.FRAMES.values.values()),
            bytes=metrics.BYTES.value,
            busiest=busiest.look(),
        )

    return figures
