"""Faults that strike one server."""

from __future__ import annotations

import random

from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds
from tests.world.faults.slots import SlotMoves
from tests.world.redis.server import Server


class OneServer:
    """Strikes one of the servers."""

    def __init__(self, common: Common, slots: SlotMoves) -> None:
        self._common = common
        self._slots = slots

    def kinds(self) -> Kinds:
        return {
            "redis freezes": self._redis_freezes,
            "redis restarts": self._redis_restarts,
            "redis loses its last writes": self._redis_loses,
            "redis is slow": self._redis_slow,
            "redis is out of memory": self._redis_full,
            "redis refuses writes": self._redis_refuses,
            "redis cuts before": self._redis_cuts_before,
            "redis cuts after": self._redis_cuts_after,
            "redis is wiped": self._redis_wiped,
            "redis ends subscriptions": self._redis_ends_subscriptions,
            "redis clock jumps ahead": lambda fault: self._redis_clock(fault, 1),
            "redis clock jumps back": lambda fault: self._redis_clock(fault, -1),
        }

    def _redis_freezes(self, fault: Fault) -> None:
        self._common.freeze(self._common.place(fault).host, fault.seconds)

    def _redis_restarts(self, fault: Fault) -> None:
        self.restart(fault, 0.0)

    def _redis_loses(self, fault: Fault) -> None:
        self.restart(fault, fault.chance)

    def restart(self, fault: Fault, lost: float) -> None:
        """Restarts a server, after `fault.seconds` and without the part `lost` of its last second.
        One that has a part of a moving slot loses nothing: see `failover`."""
        common, place = self._common, self._common.place(fault)
        if not place.host.alive:
            return
        server = place.server
        common.aftermath.restarted = True
        common.servers.kill(place)

        def again() -> None:
            if place.server is not server:
                return  # another has taken its place
            gone = common.servers.start(place, 0.0 if self._slots.half_moved(server) else lost)
            common.world.line(f"{server.name} has started, and lost {gone} transactions")
            if gone:
                common.took_back()

        common.later(fault.seconds, again)

    def _redis_slow(self, fault: Fault) -> None:
        self._set(fault, "slow", 0.05 * fault.chance**3)

    def _redis_full(self, fault: Fault) -> None:
        self._set(fault, "oom", True)

    def _redis_refuses(self, fault: Fault) -> None:
        self._set(
            fault,
            "refusal",
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to "
            "persist to disk."
            if fault.chance < 0.5
            else "NOREPLICAS Not enough good replicas to write.",
        )

    def _redis_cuts_before(self, fault: Fault) -> None:
        self._set(fault, "cut_before", 0.2 * fault.chance)

    def _redis_cuts_after(self, fault: Fault) -> None:
        self._set(fault, "cut_after", 0.2 * fault.chance)

    def _set(self, fault: Fault, what: str, value: object) -> None:
        server = self._common.place(fault).server
        usual = getattr(Server(self._common.world.loop, random.Random(0), ""), what)
        setattr(server, what, value)
        self._common.later(fault.seconds, lambda: setattr(server, what, usual))

    def _redis_wiped(self, fault: Fault) -> None:
        """Empties a server. A slot that is moving is moved before that: see `failover`."""
        place = self._common.place(fault)
        for slot in self._slots.half_moved(place.server):
            self._slots.end(slot)
        self._common.servers.wipe(place)
        self._common.took_back()

    def _redis_clock(self, fault: Fault, way: int) -> None:
        """Moves a server's clock by up to an hour, for the rest of the run."""
        self._common.place(fault).server.ahead += way * fault.chance * 3600

    def _redis_ends_subscriptions(self, fault: Fault) -> None:
        for client in self._common.place(fault).server.subscribers():
            client.abort()
