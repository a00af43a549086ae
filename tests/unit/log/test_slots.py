"""Tests that a cluster's table of slots is made anew only when something has changed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from redis.asyncio.cluster import ClusterNode, NodesManager
from redis.exceptions import ConnectionError as Unconnected
from redis.exceptions import MovedError, RedisClusterException

from padfleet.shared.log.connection.lanes import LaneCluster
from padfleet.shared.log.connection.slots import Slots

Answer = list[list[Any]]

HALVES: Answer = [[0, 8191, [b"a", 1, b"A"], [b"c", 3, b"C"]], [8192, 16383, [b"b", 2, b"B"]]]
TAKEN_OVER: Answer = [[0, 8191, [b"c", 3, b"C"]], [8192, 16383, [b"b", 2, b"B"]]]


class FakeNodes:
    """What the nodes answer, by their hosts, and which of them were asked."""

    def __init__(self) -> None:
        self.answer = HALVES
        self.away: set[str] = set()
        self.asked: list[str] = []

    async def execute(self, node: ClusterNode, *args: Any, **_options: Any) -> Answer:
        assert args == ("CLUSTER SLOTS",)
        self.asked.append(node.host)
        await asyncio.sleep(0)
        if node.host in self.away:
            raise Unconnected(f"{node.host} is away")
        return [[first, last, *map(list, nodes)] for first, last, *nodes in self.answer]


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> FakeNodes:
    fake = FakeNodes()

    def execute(node: ClusterNode, *args: Any, **options: Any) -> Any:
        return fake.execute(node, *args, **options)

    monkeypatch.setattr(ClusterNode, "execute_command", execute)
    return fake


async def made() -> Slots:
    slots = LaneCluster(startup_nodes=[ClusterNode("a", 1), ClusterNode("b", 2)]).nodes_manager
    assert isinstance(slots, Slots)
    await slots.initialize()
    return slots


def primary(slots: NodesManager, slot: int) -> str:
    name: str = slots.get_node_from_slot(slot).name
    return name


async def test_an_answer_that_is_known_changes_nothing(nodes: FakeNodes) -> None:
    slots = await made()
    table = slots.slots_cache
    nodes.asked.clear()
    await slots.initialize()
    assert len(nodes.asked) == 1
    assert slots.slots_cache is table
    assert [primary(slots, slot) for slot in (0, 8191, 8192, 16383)] == ["a:1", "a:1", "b:2", "b:2"]


async def test_another_answer_is_taken(nodes: FakeNodes) -> None:
    slots = await made()
    nodes.answer = TAKEN_OVER
    await slots.initialize()
    assert [primary(slots, slot) for slot in (0, 8191, 8192)] == ["c:3", "c:3", "b:2"]
    assert set(slots.nodes_cache) == {"b:2", "c:3"}
    nodes.answer = HALVES
    await slots.initialize()
    assert primary(slots, 0) == "a:1"


@pytest.mark.parametrize("to", ["b:2", "c:3"])
async def test_the_table_is_made_anew_after_a_slot_has_moved(nodes: FakeNodes, to: str) -> None:
    """A node has said that the slot is another's: one of another range, or a replica."""
    slots = await made()
    await slots.move_slot(MovedError(f"7 {to}"))
    assert primary(slots, 7) == to
    await slots.initialize()
    assert primary(slots, 7) == "a:1"


async def test_a_node_that_is_away_is_passed_over(nodes: FakeNodes) -> None:
    slots = await made()
    nodes.away = {"a", "c"}
    slots.move_node_to_end_of_cached_nodes("a:1")
    await slots.initialize(last_failed_node_name="a:1")
    assert slots.default_node.name == "b:2"
    nodes.away.add("b")
    with pytest.raises(RedisClusterException, match="no node says"):
        await slots.initialize()
    nodes.away.clear()
    nodes.answer = TAKEN_OVER
    await slots.initialize()
    assert primary(slots, 0) == "c:3"


async def test_whoever_comes_meanwhile_has_the_same_answer(nodes: FakeNodes) -> None:
    slots = await made()
    nodes.asked.clear()
    await asyncio.gather(*(slots.initialize() for _ in range(20)))
    assert len(nodes.asked) == 1


async def test_a_node_that_does_not_know_its_address_is_the_one_that_was_asked(
    nodes: FakeNodes,
) -> None:
    nodes.answer = [[0, 16383, [b"", 1, b"A"]]]
    slots = LaneCluster(startup_nodes=[ClusterNode("a", 1)]).nodes_manager
    await slots.initialize()
    table = slots.slots_cache
    await slots.initialize()
    assert slots.slots_cache is table
    assert primary(slots, 16383) == "a:1"
