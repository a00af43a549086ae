"""Tests `padfleet pads`, which lists the pads and the people on them, and moves pads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.shared.client import Disconnected, Pad, connect
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.keys import Keyspace
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.tools import padfleet


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as running:
        yield running.start(writers=1, workers=1)


async def made(fleet: Fleet, *names: str) -> None:
    for name in names:
        async with connect(f"{fleet.urls[0]}/p/{name}") as pad:
            await pad.append(f"this is {name}\n")


async def text_of(fleet: Fleet, name: str) -> str:
    async with connect(f"{fleet.urls[0]}/p/{name}") as pad:
        return pad.text


async def names(fleet: Fleet, *words: str) -> list[str]:
    ended = await padfleet(fleet.redis_url, "pads", "list", "--json", *words)
    assert ended.code == 0, ended.err
    return sorted(json.loads(line)["pad"] for line in ended.out.splitlines())


async def test_they_are_listed_and_shown(fleet: Fleet) -> None:
    await made(fleet, "one", "team-a", "team-b")
    async with connect(f"{fleet.urls[0]}/p/team-a", name="Ada") as ada:
        assert await names(fleet) == ["one", "team-a", "team-b"]
        assert await names(fleet, "--match", "team-*") == ["team-a", "team-b"]
        assert await names(fleet, "--open") == ["team-a"]
        assert await names(fleet, "--unused", "1h") == []
        assert "team-a" not in await names(fleet, "--unused", "0d")
        ended = await padfleet(fleet.redis_url, "pads", "who", "team-a", "--json")
        assert [json.loads(line)["name"] for line in ended.out.splitlines()] == ["Ada"]
        ended = await padfleet(fleet.redis_url, "pads", "show", "team-a", "none")
        assert (ended.code, "there is no pad 'none'" in ended.err) == (1, True)
        assert f"revision   {ada.rev}" in ended.out
    ended = await padfleet(fleet.redis_url, "pads", "list", "--match", "one")
    assert ended.out.split()[-1] == "one"


async def test_one_that_is_damaged_is_named_and_keeps_no_other_back(fleet: Fleet) -> None:
    await made(fleet, "one", "two")
    redis = open_redis(fleet.redis_url)
    try:
        await redis.client.hset(Keyspace(4).pad("one").meta, "head", "x")
    finally:
        await redis.close()
    ended = await padfleet(fleet.redis_url, "pads", "list")
    assert (ended.code, len(ended.out.splitlines())) == (1, 1)
    assert "pad:one:meta" in ended.err


async def test_they_are_deleted_copied_and_moved(fleet: Fleet) -> None:
    await made(fleet, "one", "two")
    run = fleet.redis_url, "pads"
    async with connect(f"{fleet.urls[0]}/p/one") as one:
        assert (await padfleet(*run, "copy", "one", "three")).code == 0
        taken = await padfleet(*run, "copy", "one", "two")
        assert (taken.code, "--replace" in taken.err) == (1, True)
        assert (await padfleet(*run, "delete", "one", "none")).code == 1
        with pytest.raises(Disconnected) as told:
            await asyncio.wait_for(one.until(lambda: False), 20)
        assert told.value.reason == "deleted"
    assert await names(fleet) == ["three", "two"]
    assert (await padfleet(*run, "move", "three", "two", "--replace")).code == 0
    assert await names(fleet) == ["two"]
    assert "this is one\n" in await text_of(fleet, "two")
    for words in (
        ("copy", "none", "x"),
        ("move", "two", "two"),
        ("copy", "two", "g.0123456789abcdef$x"),
    ):
        assert (await padfleet(*run, *words)).code == 1
    assert (await padfleet(*run, "copy", "two", "a b")).code == 2


async def test_nothing_that_is_typed_is_lost_by_moving(fleet: Fleet) -> None:
    await made(fleet, "old")
    stop, said = asyncio.Event(), list[str]()

    async def type_on(pad: Pad) -> None:
        while not stop.is_set():
            await pad.append(f"<{len(said)}>")
            said.append(f"<{len(said)}>")

    async with connect(f"{fleet.urls[0]}/p/old") as pad:
        typing = asyncio.create_task(type_on(pad))
        await eventually(lambda: len(said) > 5, "it is typed")
        ended = await padfleet(fleet.redis_url, "pads", "move", "old", "new")
        stop.set()
        _ = await asyncio.gather(typing, return_exceptions=True)
    where = "new" if ended.code == 0 else "old"
    text = await text_of(fleet, where)
    assert [word for word in said if word not in text] == []
