"""Moves slots of a cluster to another node while people type on their pads, and back."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from redis.crc import key_slot

from padfleet.shared.log.keys import Keyspace
from tests.chaos.history.recording import Accepted, ConnectionLost
from tests.chaos.resharding import Move, move, move_at_once, moves_at_once
from tests.chaos.scene import PARTITIONS, Scene
from tests.chaos.server import Server
from tests.chaos.topologies import ClusterGroup

HALF_MOVED_S = 15.0
"""How long one slot stays half moved, in the short form too: a worker that is silent for ten
seconds counts as dead, and none may be taken for that."""

KEYSPACE = Keyspace(PARTITIONS)

Way = Callable[[ClusterGroup, Sequence[int], Server], None]


async def slots_there_and_back(scene: Scene) -> None:
    """Moves slots key by key, as all releases of Redis and Valkey can."""

    def one_by_one(group: ClusterGroup, slots: Sequence[int], target: Server) -> None:
        for slot in slots:
            move(group, slot, target)

    await _there_and_back(scene, one_by_one)


async def slots_there_and_back_at_once(scene: Scene) -> None:
    """Moves each slot as a whole, as Valkey can from version 9 on."""
    group = _cluster(scene)
    if not await scene.in_thread(moves_at_once, group.servers[0]):
        pytest.skip("this server has no CLUSTER MIGRATESLOTS")
    await _there_and_back(scene, move_at_once)


async def slots_half_moved(scene: Scene) -> None:
    """Stops a resharding in the middle: some keys are on one node, some on the other."""
    group = _cluster(scene)
    moves = [
        Move(group, slot, _other_than(group, owner))
        for owner, slots in _slots(scene, group).items()
        for slot in slots
    ]
    for step in moves:
        await scene.in_thread(step.begin)
        await scene.in_thread(step.carry, 0.5)
    await asyncio.sleep(scene.size.half_moved_s)
    for step in moves:
        await scene.in_thread(step.carry)
        await scene.in_thread(step.end)
    scene.mended()


async def one_slot_half_moved(scene: Scene) -> None:
    """Leaves one slot half moved: that of pads with people, which canaries use as well. Nobody else
    may notice: neither the people on pads in other slots of the same servers, nor may a worker be
    taken away from them."""
    group = _cluster(scene)
    partition = _one_that_canaries_use(scene, group)
    slot = key_slot(KEYSPACE.state(partition).encode())
    others = [pad for pad in scene.pads if KEYSPACE.partition_of(pad) != partition]
    assert 0 < len(others) < len(scene.pads), "nobody is on pads of that slot, or all are"
    step = Move(group, slot, _other_than(group, group.owner_of(slot)))
    await scene.in_thread(step.begin)
    await scene.in_thread(step.carry, 0.5)
    began = time.monotonic()
    while time.monotonic() < began + HALF_MOVED_S:
        await scene.typed(others)
        for worker in scene.fleet.workers:
            assert await scene.in_thread(worker.ready), worker.name
        await asyncio.sleep(0.5)
    ended = time.monotonic()
    await scene.in_thread(step.carry)
    await scene.in_thread(step.end)
    scene.mended()
    times: list[float] = []
    for typist in scene.typists.typists:
        if typist.recording.pad in others:
            between = [m for m in typist.recording.moments if began <= m.at <= ended]
            assert not any(isinstance(m.event, ConnectionLost) for m in between), typist.name
            accepted = [m.at for m in between if isinstance(m.event, Accepted)]
            times += [after - before for before, after in pairwise(accepted)]
    scene.notes["s at most between two edits of one who is on a pad of another slot"] = max(times)


def _one_that_canaries_use(scene: Scene, group: ClusterGroup) -> int:
    firsts: dict[Server, int] = {}
    for partition in range(PARTITIONS):
        slot = key_slot(KEYSPACE.state(partition).encode())
        firsts.setdefault(group.owner_of(slot), partition)
    with_people = {KEYSPACE.partition_of(pad) for pad in scene.pads}
    return next(partition for partition in firsts.values() if partition in with_people)


async def _there_and_back(scene: Scene, way: Way) -> None:
    """Moves the slots of all partitions, including those that only canaries are on."""
    group = _cluster(scene)
    began = time.monotonic()
    owned = _slots(scene, group)
    for owner, slots in owned.items():
        await scene.in_thread(way, group, slots, _other_than(group, owner))
    await scene.typed()
    for owner, slots in owned.items():
        await scene.in_thread(way, group, slots, owner)
    scene.notes["seconds for all slots, there and back"] = time.monotonic() - began
    scene.mended()


def _cluster(scene: Scene) -> ClusterGroup:
    assert isinstance(scene.group, ClusterGroup)
    return scene.group


def _slots(scene: Scene, group: ClusterGroup) -> dict[Server, list[int]]:
    found: dict[Server, list[int]] = defaultdict(list)
    for partition in range(PARTITIONS):
        slot = key_slot(KEYSPACE.state(partition).encode())
        found[group.owner_of(slot)].append(slot)
    return found


def _other_than(group: ClusterGroup, owner: Server) -> Server:
    return next(server for server in group.primaries() if server is not owner)
