"""Tests reading from a Redis that is not the fleet's, and connections to a single server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from redis.exceptions import RedisError

from padfleet.services.tools.importing.redis_source import RedisRecords
from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.etherpad.source import SourceFailed
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.foreign import SCAN_COUNT, ForeignRedis
from padfleet.shared.log.connection.inspection import ServerInspection
from padfleet.shared.settings.redis_url import parse


@pytest.fixture
async def foreign(redis: Redis, redis_url: str) -> AsyncIterator[ForeignRedis]:
    opened = ForeignRedis(redis_url)
    yield opened
    await opened.close()


async def all_keys(foreign: ForeignRedis, prefix: str) -> list[bytes | str]:
    cursor, found = await foreign.some_keys(0, prefix)
    while cursor != 0:
        cursor, more = await foreign.some_keys(cursor, prefix)
        found += more
    return found


async def test_values_come_in_the_order_that_they_are_asked_for(
    redis: Redis, foreign: ForeignRedis
) -> None:
    await redis.client.set("pad:a", "1")
    await redis.client.hset("pad:hash", "no", "string")
    assert await foreign.values([b"pad:none", b"pad:a", b"pad:hash"]) == [None, b"1", None]
    assert await foreign.values([]) == []


async def test_all_keys_of_a_beginning_are_found_in_steps(
    redis: Redis, foreign: ForeignRedis
) -> None:
    many = [f"pad:{number}" for number in range(3 * SCAN_COUNT)]
    await redis.client.mset(dict.fromkeys([*many, "group:g", "pa", "apad:1"], "1"))
    assert set(await all_keys(foreign, "pad:")) == {key.encode() for key in many}


@pytest.mark.parametrize("name", ["a*c", "a?c", "a[b]c", "a\\c"])
async def test_a_prefix_is_not_a_pattern(name: str, redis: Redis, foreign: ForeignRedis) -> None:
    await redis.client.mset({name: "1", "abc": "2", "axbc": "3"})
    assert await all_keys(foreign, name) == [name.encode()]


async def test_an_etherpad_s_records_are_json(redis: Redis, redis_url: str) -> None:
    await redis.client.mset({"pad:a": '{"atext":{}}', "pad:b": "7"})
    records = RedisRecords(redis_url)
    try:
        assert sorted([key async for key in records.keys("pad:")]) == ["pad:a", "pad:b"]
        assert await records.get(["pad:b", "pad:a", "pad:c"]) == [7, {"atext": {}}, None]
    finally:
        await records.close()


async def test_a_database_that_is_away_is_named_without_its_password() -> None:
    records = RedisRecords("redis://user:secret@127.0.0.1:1/0")
    try:
        with pytest.raises(SourceFailed, match="127") as failed:
            await records.get(["pad:a"])
        assert "secret" not in str(failed.value)
    finally:
        await records.close()


def test_a_server_is_looked_at_by_itself(redis_server: EmbeddedServer, redis_url: str) -> None:
    with closing(ServerInspection.of_url(parse(redis_url), timeout_s=5)) as server:
        server.ping()
        assert server.name == f"127.0.0.1:{redis_server.port}"
        os.kill(server.process_id(), 0)  # it is a process, of this machine
        assert server.info()["role"] == "master"
        assert server.config(["maxmemory-policy"]) is not None
        assert server.scripting_error() is None
        assert server.sharded_pubsub_error("padfleet:test") is None
        assert server.ping_ms() > 0


def test_a_server_that_is_away_is_not_tried_twice() -> None:
    url = parse("redis://127.0.0.1:1/0")
    with (
        closing(ServerInspection.of_url(url, timeout_s=5)) as server,
        pytest.raises((RedisError, OSError)),
    ):
        server.ping()
