"""The fault that moves the slots of a cluster."""

from __future__ import annotations

from functools import partial

from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds
from tests.world.redis.cluster import slot_of
from tests.world.redis.server import Server


class SlotMoves:
    """Moves slots from one server of a cluster to another."""

    def __init__(self, common: Common) -> None:
        self._common = common

    def kinds(self) -> Kinds:
        return {
            "slot moves": self._slot_moves,
        }

    def ended(self) -> int | None:
        """Returns how many moves of slots have ended, or None while one is going on."""
        cluster = self._common.servers.cluster
        if cluster is None:
            return 0
        return None if cluster.moving else cluster.moves

    def stands_still(self, pad: str) -> bool:
        """Returns whether the slot of a pad's partition is half moved. Workers stay ready then: see
        docs/reliability.md."""
        cluster = self._common.servers.cluster
        key = self._common.fleet.keyspace.pad(pad).meta.encode()
        return cluster is not None and slot_of(key) in cluster.moving

    def half_moved(self, server: Server) -> list[int]:
        """Returns the slots of which this server has some keys, and another has the others."""
        cluster = self._common.servers.cluster
        moving = {} if cluster is None else cluster.moving
        return [slot for slot, between in moving.items() if server in between]

    def _slot_moves(self, fault: Fault) -> None:
        """Moves the slot of a partition to another server, key by key; in the end it is there, or
        back, or stays half-moved until the end of the storm."""
        cluster = self._common.servers.cluster
        if cluster is None:
            return
        partition = int(fault.chance * self._common.fleet.keyspace.partitions)
        slot = slot_of(self._common.fleet.keyspace.state(partition).encode())
        others = [each for each in cluster.servers if each is not cluster.owner(slot)]
        target = others[fault.number % len(others)]
        if not cluster.begin_to_move(slot, target):
            return
        steps, way = 5, fault.number % 3

        def step(left: int) -> None:
            if slot not in cluster.moving:
                return
            if left:
                cluster.move_keys(slot, 3)
                self._common.later(fault.seconds / steps, partial(step, left - 1))
            elif way == 0:
                cluster.turn_back(slot)
            elif way == 1:
                cluster.end_move(slot)
            else:
                left_over = max(0.0, self._common.until - self._common.world.loop.now)
                self._common.later(left_over, partial(self.end, slot))

        step(steps)

    def end(self, slot: int) -> None:
        cluster = self._common.servers.cluster
        if cluster is not None and slot in cluster.moving:
            cluster.end_move(slot)
