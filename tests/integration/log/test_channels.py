"""The subscriber: confirmed before it says so, and back after a loss, saying that it was lost."""

import asyncio

import pytest

from padfleet.shared.log.channels import Subscriber
from padfleet.shared.log.connect import Redis
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


async def test_a_fault_while_a_channel_is_looked_for_does_not_end_the_search(
    redis: Redis, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ended the task that reads, and everybody on the pad waited for good."""
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
