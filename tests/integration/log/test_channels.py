"""Tests the subscriber. A subscription is confirmed before it is reported, and comes back after a
loss, which is reported too."""

import asyncio

import pytest

from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.connect import Redis
from tests.eventually import eventually


class Listener:
    def __init__(self, redis: Redis) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.again: list[str] = []
        self.subscriber = Subscriber(
            redis, lambda channel, data: self.received.append((channel, data)), self.again.append
        )


@pytest.fixture
async def listener(redis: Redis) -> Listener:
    return Listener(redis)


async def publish(redis: Redis, channel: str, data: str) -> int:
    heard: int = await redis.client.execute_command("SPUBLISH", channel, data)
    return heard


async def test_nothing_is_missed_once_subscribed(redis: Redis, listener: Listener) -> None:
    await asyncio.wait_for(listener.subscriber.subscribe("c1"), 5)
    assert await publish(redis, "c1", "one") == 1
    await eventually(lambda: listener.received == [("c1", b"one")])
    assert listener.again == []
    await listener.subscriber.close()


async def test_I8_an_unsubscribed_channel_costs_nothing(redis: Redis, listener: Listener) -> None:
    for channel in ("c1", "c2"):
        await asyncio.wait_for(listener.subscriber.subscribe(channel), 5)
    listener.subscriber.unsubscribe("c1")

    async def nobody_hears() -> bool:
        return await publish(redis, "c1", "x") == 0

    await eventually(nobody_hears)
    assert await publish(redis, "c2", "y") == 1
    await listener.subscriber.close()


async def test_who_leaves_and_comes_back_at_once_has_missed_nothing(
    redis: Redis, listener: Listener
) -> None:
    """The answer to the leaving came when the channel was wanted again, and was taken for a slot
    that has moved: the topology was asked for, and the pad was read twice."""
    subscriber = listener.subscriber
    await asyncio.wait_for(subscriber.subscribe("c1"), 5)
    told: list[tuple[str, bytes]] = []
    for number in range(50):
        subscriber.unsubscribe("c1")
        coming = asyncio.create_task(subscriber.subscribe("c1"))
        if number % 2:
            await asyncio.sleep(0)
            subscriber.unsubscribe("c1")
            coming.cancel()
            coming = asyncio.create_task(subscriber.subscribe("c1"))
        await asyncio.wait_for(coming, 5)
        assert await publish(redis, "c1", str(number)) == 1
        # It comes by another connection than the answer, and who has left by then is not told.
        await eventually(lambda: listener.received[-1:] == [("c1", str(len(told)).encode())])
        told.append(listener.received[-1])
    assert listener.received == told
    assert listener.again == []
    await subscriber.close()


async def test_a_killed_subscription_comes_back_and_says_so(
    redis: Redis, listener: Listener
) -> None:
    for channel in ("c1", "c2"):
        await asyncio.wait_for(listener.subscriber.subscribe(channel), 5)
    await redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await eventually(lambda: sorted(listener.again) == ["c1", "c2"])
    assert listener.subscriber.connected
    assert await publish(redis, "c2", "after") == 1
    await eventually(lambda: ("c2", b"after") in listener.received)
    await listener.subscriber.close()


async def test_a_channel_that_is_only_just_subscribed_is_not_lost(
    redis: Redis, listener: Listener
) -> None:
    """Workers on which people kept opening pads said that they were not ready."""
    subscriber = listener.subscriber
    coming = asyncio.create_task(subscriber.subscribe("c1"))
    await asyncio.sleep(0)
    assert not coming.done()
    assert subscriber.connected
    await asyncio.wait_for(coming, 5)
    found = [subscriber.connected]
    subscriber.doubtful({"c1"})
    found.append(subscriber.connected)
    subscriber.unsubscribe("c1")
    assert [*found, subscriber.connected] == [True, False, True]
    await subscriber.close()


async def test_a_fault_while_a_channel_is_looked_for_does_not_end_the_search(
    redis: Redis, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exception ended the task that reads, and everybody on the pad waited forever."""
    await asyncio.wait_for(listener.subscriber.subscribe("c1"), 5)
    faults: list[str] = []

    async def fault() -> None:
        faults.append("refresh")
        raise RuntimeError("nobody has thought of this")

    def misplaced(channel: str) -> None:
        faults.append(channel)
        raise RuntimeError("nor of this")

    monkeypatch.setattr(redis, "refresh", fault)
    monkeypatch.setattr(listener.subscriber, "_place", misplaced)
    await redis.client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await eventually(lambda: listener.again == ["c1"], "it is back")
    assert faults == ["refresh", "c1"]
    assert await publish(redis, "c1", "after") == 1
    await listener.subscriber.close()
