"""Moves slots of a cluster from node to node, as the operators' tools do.

move(group, slot, target)              # key by key, as redis-cli --cluster reshard
move_at_once(group, slots, target)     # CLUSTER MIGRATESLOTS, from Valkey 9 on
half = Move(group, slot, target)       # or in steps
half.begin()
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis.exceptions import ResponseError

from tests.chaos.server import HOST, Server
from tests.chaos.topologies import ClusterGroup
from tests.eventually import eventually_sync

MIGRATE_MS: Final = 10_000
KEYS_AT_ONCE: Final = 10  #: as redis-cli has it


class Move:
    """One slot on its way, key by key."""

    def __init__(self, group: ClusterGroup, slot: int, target: Server) -> None:
        self._slot = slot
        self._group = group
        self._target = target
        self._source = group.owner_of(slot)
        if self._source is target:
            raise ValueError(f"{target} has slot {slot}")

    def begin(self) -> None:
        """Tells both nodes of the move; no key has gone yet."""
        slot, source, target = self._slot, self._source, self._target
        target.client().execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", _id(source))
        source.client().execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", _id(target))

    def carry(self, part: float = 1.0) -> int:
        """Takes this part of the keys on the old node to the new one; returns how many keys
        went."""
        client = self._source.client()
        goal = int(client.execute_command("CLUSTER", "COUNTKEYSINSLOT", self._slot) * part)
        gone = 0
        while part == 1.0 or gone < goal:
            count = KEYS_AT_ONCE if part == 1.0 else min(KEYS_AT_ONCE, goal - gone)
            keys = client.execute_command("CLUSTER", "GETKEYSINSLOT", self._slot, count)
            if not keys:
                break
            # This does not use `client.migrate`, whose time-out is that of its connection.
            client.execute_command(
                "MIGRATE", HOST, self._target.port, "", 0, MIGRATE_MS, "KEYS", *keys
            )
            gone += len(keys)
        return gone

    def end(self) -> None:
        """Makes the new node the owner of the slot, and waits until all know it."""
        name = _id(self._target)
        nodes = [self._target, self._source, *self._group.primaries()]
        for node in nodes:
            node.client().execute_command("CLUSTER", "SETSLOT", self._slot, "NODE", name)
        eventually_sync(
            lambda: _owned(self._group, [self._slot], self._target), "all know who has the slot"
        )


def move(group: ClusterGroup, slot: int, target: Server) -> None:
    """Moves the whole slot, without a pause."""
    step = Move(group, slot, target)
    step.begin()
    step.carry()
    step.end()


def move_at_once(group: ClusterGroup, slots: Sequence[int], target: Server) -> None:
    """Moves slots as Valkey does from version 9 on: first like a replica, and then in one step."""
    source = group.owner_of(slots[0])
    ranges = [part for slot in slots for part in (slot, slot)]
    source.client().execute_command(
        "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", *ranges, "NODE", _id(target)
    )
    eventually_sync(
        lambda: _owned(group, slots, target),
        f"{target} has the slots",
        timeout=30,
    )


def moves_at_once(server: Server) -> bool:
    """Returns whether the server can move slots at once."""
    try:
        return bool(server.client().execute_command("CLUSTER", "GETSLOTMIGRATIONS") is not None)
    except ResponseError:
        return False


def _owned(group: ClusterGroup, slots: Sequence[int], by: Server) -> bool:
    try:
        return all(group.owner_of(slot) is by for slot in slots)
    except LookupError:  # the nodes do not agree yet
        return False


def _id(server: Server) -> str:
    name: bytes = server.client().execute_command("CLUSTER", "MYID")
    return name.decode()
