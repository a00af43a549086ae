"""Tests what is overridden in redis-py's client for clusters: see
`tests.unit.overridden.points`."""

from __future__ import annotations

import pytest
from redis.exceptions import MovedError

from padfleet.shared.log.connection.connect import Redis
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
    the options that a node keeps."""
    node = redis.node_for("{a}channel")
    connection = node.connection()
    await connection.connect()
    await connection.send_command("PING", check_health=False)
    assert await connection.read_response(disable_decoding=True) == b"PONG"
    await connection.disconnect()
    await redis.refresh()
    assert redis.node_for("{a}channel").name == node.name


async def test_a_slot_that_is_said_to_have_moved_is_looked_for_there(redis: Redis) -> None:
    """`Redis.moved` notes it in redis-py's own table, for everybody, and `Redis.node_at` knows
    nodes that nobody has heard of."""
    redis.client.reinitialize_counter = 0  # type: ignore[union-attr]
    was = redis.node_for("{a}channel")
    slot = redis.client.keyslot("{a}channel")  # type: ignore[union-attr]
    await redis.moved(MovedError(f"{slot} 127.0.0.1:1"))
    node = redis.node_for("{a}channel")
    assert node.name == redis.node_at("127.0.0.1", 1).name == "127.0.0.1:1"
    assert redis.node_at("127.0.0.1", 2).options["port"] == 2
    await redis.refresh()
    assert redis.node_for("{a}channel").name == was.name
    assert await redis.hot.call("SET", "{a}x", "1") == b"OK"


async def test_hot_commands_follow_a_slot_and_everybody_is_told(redis: Redis) -> None:
    """A node that has it no more says where it is, as after a fail-over."""
    names = [f"{{{number}}}x" for number in range(50)]
    client = redis.client
    slot = client.keyslot("{a}x")  # type: ignore[union-attr]
    there = redis.node_for("{a}x")
    elsewhere = next(node for name in names if (node := redis.node_for(name)).name != there.name)
    client.reinitialize_counter = 0  # type: ignore[union-attr]
    await redis.moved(MovedError(f"{slot} {elsewhere.name}"))
    assert redis.node_for("{a}x").name == elsewhere.name
    assert await redis.hot.call("SET", "{a}x", "2") == b"OK"
    assert redis.node_for("{a}x").name == there.name
    await redis.moved(MovedError(f"{slot} {elsewhere.name}"))
    assert await redis.hot.call_blocking("XREAD", "BLOCK", 5, "STREAMS", "{a}s", "0") is None
    assert redis.node_for("{a}x").name == there.name


async def test_hot_commands_for_many_nodes_keep_their_order(redis: Redis) -> None:
    names = [f"{{{number}}}x" for number in range(50)]
    sets = [("SET", name, number) for number, name in enumerate(names)]
    gets = [("GET", name) for name in names]
    found = list(await redis.hot.exchange([*sets, *gets]))
    assert found == [b"OK"] * 50 + [b"%d" % number for number in range(50)]
