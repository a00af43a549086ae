"""The fault that lets a replica take the place of a server."""

from __future__ import annotations

from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds
from tests.world.faults.slots import SlotMoves


class Failover:
    """Lets replicas take over, one at a time."""

    def __init__(self, common: Common, slots: SlotMoves) -> None:
        self._common = common
        self._slots = slots
        self._failing_over = False

    def kinds(self) -> Kinds:
        return {
            "replica takes over": self._replica_takes_over,
        }

    def _replica_takes_over(self, fault: Fault) -> None:
        """Lets a replica take over that has not heard of the last moments, by the seed. If Sentinel
        names the primary, the old one may freeze meanwhile, or go on, and believe for a moment that
        it still is the primary. While a slot moves no server is replaced: that would lose half of a
        pad's keys, which the fleet calls damage."""
        servers, place = self._common.servers, self._common.place(fault)
        old, moves = place.server, self._slots.ended()
        if not place.host.alive or self._failing_over or moves is None:
            return
        self._failing_over = True
        replica = servers.replica(place, fault.number)
        old.replication_cut = True
        lives = servers.standby is not None and fault.chance < 0.7
        if lives and fault.chance < 0.4:
            place.host.frozen = True

        def promote() -> None:
            if place.server is not old or not place.host.alive or self._slots.ended() != moves:
                place.host.frozen = old.replication_cut = False
                self._failing_over = False
                return
            if servers.standby is not None and not lives:
                servers.kill(place)
            lacks = servers.fail_over(place, replica)
            self._common.world.line(f"a replica of {old.name} has taken over, and lacks {lacks}")
            self._common.aftermath.split = lives
            if lacks or lives:
                self._common.took_back()
            if servers.kind == "sentinel":
                self._common.later(0.5 + fault.chance, wake)
                self._common.later(1.0 + 2 * fault.chance, told)
            else:
                self._failing_over = False

        def wake() -> None:
            servers.former.host.frozen = False

        def told() -> None:
            # Everything that it accepted meanwhile, as if it were primary, is gone.
            servers.demote_former()
            self._common.took_back()
            self._common.aftermath.split = False
            self._failing_over = False

        self._common.later(min(fault.seconds, 1.0), promote)
