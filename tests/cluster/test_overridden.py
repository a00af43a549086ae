"""What is overridden of redis-py's client for clusters: see `tests.unit.overridden.points`."""

from __future__ import annotations

import pytest

from padfleet.shared.log.connect import Redis
from tests.integration.log.test_overridden import places_taken


async def test_every_command_waits_for_its_place_on_its_node(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = places_taken(monkeypatch)
    await redis.client.get("a")
    assert places == [redis.node_for("a").name]
    pipeline = redis.client.pipeline(transaction=False)
    _ = pipeline.get("a")
    await pipeline.execute()
    assert places[1] == "pipelines"


async def test_the_node_of_a_channel_is_known(redis: Redis) -> None:
    """`Redis.node_for` asks redis-py's own table of slots, and opens connections of its own with
    what a node keeps of its options."""
    node = redis.node_for("{a}channel")
    connection = node.connection()
    await connection.connect()
    await connection.send_command("PING", check_health=False)
    assert await connection.read_response(disable_decoding=True) == b"PONG"
    await connection.disconnect()
    await redis.refresh()
    assert redis.node_for("{a}channel").name == node.name
