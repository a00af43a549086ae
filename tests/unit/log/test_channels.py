"""Tests that a channel is subscribed in one place, whatever crosses on the way to the nodes of a
cluster: slots that move, people who leave and come back, and answers that come late or never."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import pytest
from redis.exceptions import ClusterDownError, MovedError
from redis.exceptions import ConnectionError as Unconnected

from padfleet.shared.log.connection import channels
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.retry import RetryPauses
from tests.eventually import eventually

NODES: Final = ("one", "two", "three")
PATIENCE: Final = 5.0
SLOTS: Final = {"a1": "a", "a2": "a", "b": "b", "c": "c"}
"""The slot of each channel."""


class Line:
    """A connection to a node, in place of `ListeningConnection`."""

    def __init__(self, node: Node, take: Callable[[Any], None]) -> None:
        self.ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.unread: deque[tuple[str, str]] = deque()
        self.has: set[str] = set()
        self._node, self._take = node, take
        node.lines.append(self)

    def send(self, *commands: tuple[str, str]) -> None:
        self.unread.extend(commands)
        asyncio.get_running_loop().call_soon(self._node.work)

    def look(self) -> float:
        return PATIENCE

    def close(self, reason: Exception | None = None) -> None:
        if not self.ended.done():
            self.ended.set_result(reason or Unconnected("closed"))
            self._node.lines.remove(self)

    def answer(self, verb: str, channel: str) -> None:
        if self._node.owned.get(SLOTS[channel]) is not self._node:
            self.close(MovedError(f"1 {self._node.name}:1"))
            return
        if verb == "SSUBSCRIBE":
            self.has.add(channel)
        else:
            self.has.discard(channel)
        self._take([verb.lower().encode(), channel.encode(), len(self.has)])

    def take_away(self) -> None:
        """Ends what is subscribed in slots that the node does not have any more."""
        for channel in sorted(self.has):
            if self._node.owned.get(SLOTS[channel]) is not self._node:
                self.has.discard(channel)
                self._take([b"sunsubscribe", channel.encode(), len(self.has)])


class Node:
    """A node of the cluster, which answers soon unless it is frozen."""

    def __init__(self, name: str, owned: dict[str, Node]) -> None:
        self.name = name
        self.owned = owned
        self.frozen = False
        self.lines: list[Line] = []
        self.told: list[tuple[str, str]] = []  #: all that it has read

    def connection(self) -> Node:
        return self

    def work(self) -> None:
        if self.frozen:
            return
        for line in list(self.lines):
            line.take_away()
            while line.unread and not line.ended.done():
                self.told.append(line.unread[0])
                line.answer(*line.unread.popleft())

    def go_on(self) -> None:
        self.frozen = False
        self.work()


class World:
    """A cluster, and what a process knows of it, in place of `Redis`."""

    def __init__(self) -> None:
        self.owned: dict[str, Node] = {}
        self.nodes = {name: Node(name, self.owned) for name in NODES}
        for slot, name in zip("abc", NODES, strict=True):
            self.owned[slot] = self.nodes[name]
        self.known: dict[str, Node] = dict(self.owned)
        self.may_ask = asyncio.Event()
        self.may_ask.set()
        self.may_retry = asyncio.Event()
        self.may_retry.set()
        self.again: list[str] = []
        self.heard: list[str] = []
        self.subscriber = Subscriber(
            self,  # type: ignore[arg-type]
            lambda channel, _: self.heard.append(channel),
            self.again.append,
        )

    def node_for(self, channel: str) -> Node:
        node = self.known.get(SLOTS[channel])
        if node is None:
            raise ClusterDownError("no node has it")
        return node

    async def refresh(self) -> None:
        await self.may_ask.wait()
        self.known = dict(self.owned)

    def move(self, slot: str, name: str | None) -> None:
        source = self.owned.pop(slot, None)
        if name is not None:
            self.owned[slot] = self.nodes[name]
        if source is not None:
            source.work()

    def subscribed(self, channel: str) -> list[str]:
        """Returns the nodes on which the channel is subscribed."""
        return [
            node.name for node in self.nodes.values() for line in node.lines if channel in line.has
        ]


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async def listen(node: Node, take: Callable[[Any], None], **_: float) -> Line:
        await asyncio.sleep(0)
        return Line(node, take)

    made = World()

    async def rest(_: RetryPauses) -> None:
        await asyncio.sleep(0)
        await made.may_retry.wait()

    monkeypatch.setattr(channels, "listen", listen)
    monkeypatch.setattr(RetryPauses, "rest", rest)
    yield made
    await made.subscriber.close()


async def come(world: World, *names: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*map(world.subscriber.subscribe, names))


async def insist(world: World, channel: str) -> None:
    while True:
        try:
            return await world.subscriber.subscribe(channel)
        except ClusterDownError:
            await asyncio.sleep(0)
            await world.refresh()  # as the commands of a process do


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_a_late_answer_refuses_is_not_lost_where_it_is_by_now(world: World) -> None:
    """A worker left a channel and wanted it again while its slot moved away from a node that then
    stood still. The node refused at last, when the channel was long subscribed elsewhere: from then
    on it counted as lost, and nobody asked for it again."""
    await come(world, "a1")
    world.may_ask.clear()
    world.move("a", "two")
    world.nodes["one"].frozen = True
    world.subscriber.unsubscribe("a1")
    coming = asyncio.create_task(world.subscriber.subscribe("a1"))
    await settle()
    world.may_ask.set()
    await asyncio.wait_for(coming, PATIENCE)
    world.nodes["one"].go_on()
    await settle()
    assert world.subscriber.connected
    assert world.subscribed("a1") == ["two"]


async def test_a_channel_that_comes_back_while_its_slot_moves_is_not_lost(world: World) -> None:
    """Who looks where it has gone finds that it is subscribed there already."""
    await come(world, "a1")
    world.may_ask.clear()
    world.move("a", "two")
    await settle()
    world.subscriber.unsubscribe("a1")
    world.known = dict(world.owned)  # a command has been told
    await come(world, "a1")
    world.may_ask.set()
    await settle()
    assert world.subscriber.connected
    assert world.subscribed("a1") == ["two"]


async def test_a_channel_that_goes_elsewhere_is_in_doubt_until_it_is_there(world: World) -> None:
    """It was subscribed on its old node again before it was known where its slot had gone, and did
    not count as lost on its way to the new one: nobody read what was missed meanwhile."""

    async def fails() -> None:
        raise Unconnected("no node says where the slots are")

    one, two = world.nodes["one"], world.nodes["two"]
    await come(world, "a1")
    world.may_ask.clear()
    world.move("a", "two")
    await settle()
    world.move("a", "one")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world, "refresh", fails)  # for whoever asks only now
        one.lines[0].close()
        await eventually(lambda: world.again == ["a1"])
    one.frozen = two.frozen = True
    world.move("a", "two")
    world.may_ask.set()
    await settle()
    assert not world.subscriber.connected
    two.go_on()
    one.go_on()
    await eventually(lambda: world.again == ["a1", "a1"])
    assert world.subscribed("a1") == ["two"]


async def test_a_slot_that_no_node_has_for_a_while_comes_back(world: World) -> None:
    """Nobody asked for the channel again, since the connection had not ended."""
    await come(world, "a1", "b")
    world.move("a", None)
    await settle()
    assert not world.subscriber.connected
    world.move("a", "two")
    await eventually(lambda: world.subscriber.connected)
    assert world.subscribed("a1") == ["two"]
    assert "a1" in world.again


async def test_a_slot_that_goes_and_comes_back_is_subscribed_again(world: World) -> None:
    await come(world, "a1", "a2")
    world.move("a", "two")
    world.move("a", "one")
    await eventually(lambda: sorted(world.again) == ["a1", "a2"])
    assert world.subscriber.connected
    assert world.subscribed("a1") == world.subscribed("a2") == ["one"]


async def test_what_the_server_has_ended_is_not_given_up_once_more(world: World) -> None:
    """The server refuses that with MOVED, which ends the connection of all its other channels."""
    world.move("b", "one")
    world.known = dict(world.owned)
    await come(world, "a1", "b")
    world.may_ask.clear()
    world.move("a", "two")
    world.subscriber.unsubscribe("a1")
    world.may_ask.set()
    await settle()
    assert ("SUNSUBSCRIBE", "a1") not in world.nodes["one"].told
    assert world.again == []
    assert world.subscribed("b") == ["one"]


async def test_a_channel_that_no_node_has_can_be_subscribed_later(world: World) -> None:
    """The next one who wanted it waited for an answer to what had never been asked."""
    world.known.pop("c")
    with pytest.raises(ClusterDownError):
        await world.subscriber.subscribe("c")
    await world.refresh()
    await come(world, "c")
    assert world.subscribed("c") == ["three"]


async def test_a_lost_connection_is_noted_at_once(world: World) -> None:
    """Whoever came before the next attempt was told that nothing would be missed from then on."""
    await come(world, "a1")
    world.may_retry.clear()
    world.nodes["one"].lines[0].close()
    await settle()
    assert not world.subscriber.connected
    coming = asyncio.create_task(world.subscriber.subscribe("a1"))
    await settle()
    assert not coming.done()
    world.may_retry.set()
    await asyncio.wait_for(coming, PATIENCE)
    assert world.subscribed("a1") == ["one"]


@pytest.mark.parametrize("seed", range(300))
async def test_each_channel_is_subscribed_where_its_slot_is(world: World, seed: int) -> None:
    """People come and go, slots move, nodes stand still, connections end, and the topology is
    sometimes not to be had: when all of that ends, each wanted channel is subscribed on the node
    that has it, and no other is subscribed anywhere."""
    dice = random.Random(seed)
    wanted: dict[str, asyncio.Task[None]] = {}
    for _ in range(60):
        node = world.nodes[dice.choice(NODES)]
        channel = dice.choice(sorted(SLOTS))
        match dice.randrange(7):
            case 0 | 1 if channel not in wanted:
                wanted[channel] = asyncio.create_task(insist(world, channel))
            case 0 | 1:
                wanted.pop(channel).cancel()
                world.subscriber.unsubscribe(channel)
            case 2:
                world.move(SLOTS[channel], dice.choice((*NODES, None)))
            case 3:
                node.frozen = True
            case 4:
                node.go_on()
            case 5 if node.lines:
                dice.choice(node.lines).close()
            case _ if world.may_ask.is_set():
                world.may_ask.clear()
            case _:
                world.may_ask.set()
        for _ in range(dice.randrange(4)):
            await asyncio.sleep(0)
    for slot in "abc":
        if slot not in world.owned:
            world.move(slot, dice.choice(NODES))
    for node in world.nodes.values():
        node.go_on()
    world.may_ask.set()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*wanted.values())
    await settle()
    assert world.subscriber.connected
    for channel, slot in SLOTS.items():
        has = [world.owned[slot].name] if channel in wanted else []
        assert world.subscribed(channel) == has, channel
