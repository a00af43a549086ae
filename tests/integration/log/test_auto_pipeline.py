"""Tests that many commands of the same moment take few round trips and fail one by one."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import ResponseError

from padfleet.shared.log.connection.connect import UNREACHABLE, open_redis
from padfleet.shared.log.connection.scripts import JOIN
from padfleet.shared.log.connection.several import read_heads
from padfleet.shared.log.damage import is_wrong_type
from padfleet.shared.log.keys import Keyspace


async def test_a_thousand_simultaneous_commands_take_one_connection(redis_url: str) -> None:
    redis = open_redis(redis_url)
    try:
        await redis.client.mset({f"k{number}": number for number in range(1000)})
        before = int((await redis.client.info("clients"))["connected_clients"])
        found = await asyncio.gather(
            *(redis.auto_pipeline.get(f"k{number}") for number in range(1000))
        )
        assert [int(value) for value in found] == list(range(1000))
        assert int((await redis.client.info("clients"))["connected_clients"]) <= before + 1
    finally:
        await redis.close()


async def test_one_that_fails_does_not_take_the_others_with_it(redis_url: str) -> None:
    redis = open_redis(redis_url)
    try:
        await redis.client.set("text", "x")
        good = asyncio.create_task(redis.auto_pipeline.get("text"))
        bad = asyncio.create_task(redis.auto_pipeline.hget("text", "field"))
        also_good = asyncio.create_task(redis.auto_pipeline.get("text"))
        with pytest.raises(ResponseError):
            await bad
        assert (await good, await also_good) == (b"x", b"x")
    finally:
        await redis.close()


async def test_a_caller_that_is_cancelled_does_not_cancel_the_others(redis_url: str) -> None:
    redis = open_redis(redis_url)
    try:
        await redis.client.set("text", "x")
        impatient = asyncio.create_task(redis.auto_pipeline.get("text"))
        patient = asyncio.create_task(redis.auto_pipeline.get("text"))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == b"x"
    finally:
        await redis.close()


async def test_a_server_that_has_forgotten_its_scripts_is_told_them_again(redis_url: str) -> None:
    redis = open_redis(redis_url)
    try:
        await redis.client.script_flush()
        keys = [f"{{1}}{name}" for name in ("members", "meta", "seen", "seen:before", "state")]
        args = ["channel", "session", "record", "a.x", ""]
        replies = await asyncio.gather(*(JOIN(redis.auto_pipeline, keys, args) for _ in range(3)))
        assert sorted(int(reply[0]) for reply in replies) == [1, 2, 3]
    finally:
        await redis.close()


async def test_when_the_server_is_away_everyone_is_told() -> None:
    redis = open_redis("redis://127.0.0.1:1/0")
    try:
        answers = await asyncio.gather(
            redis.auto_pipeline.get("a"), redis.auto_pipeline.get("b"), return_exceptions=True
        )
        assert all(isinstance(answer, Exception) for answer in answers)
        with pytest.raises(Exception, match=r".+"):
            await redis.auto_pipeline.get("again")
    finally:
        await redis.close()


async def test_one_question_about_several_keys_is_answered_for_each(redis_url: str) -> None:
    redis = open_redis(redis_url)
    try:
        await redis.client.hset("a", mapping={"head": "1", "name": "x"})
        await redis.client.set("b", "no hash")
        assert await redis.auto_pipeline.hgetall_each(["a", "none"]) == [
            {b"head": b"1", b"name": b"x"},
            {},
        ]
        there, wrong, missing = await redis.auto_pipeline.hmget_each(
            ["a", "b", "none"], ("head", "epoch")
        )
        assert (there, missing) == ([b"1", None], [None, None])
        assert is_wrong_type(wrong)
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await redis.auto_pipeline.hgetall_each(["a", "b"])
        assert list(await redis.auto_pipeline.hgetall_each([])) == []
        assert list(await redis.auto_pipeline.hmget_each([], ("head",))) == []
    finally:
        await redis.close()


async def test_heads_that_cannot_be_read_are_an_error() -> None:
    redis = open_redis("redis://127.0.0.1:1/0")
    try:
        with pytest.raises(UNREACHABLE):
            await read_heads(redis, [Keyspace(16).pad("pad")])
    finally:
        await redis.close()
