"""Tests what all processes of a fleet share: how they start, serve and end."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import NamedTuple

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import REGISTRY

from padfleet.shared.fleet.beacon import Figures
from padfleet.shared.fleet.record import Kind
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet.agreement import PartitionMismatch
from padfleet.shared.log.fleet.membership import Membership
from padfleet.shared.log.keys import claim_key, process_key
from padfleet.shared.process import Process, Role
from padfleet.shared.runtime import Runtime
from tests.eventually import eventually
from tests.processes import free_ports

HOST = "127.0.0.1"


class Options(NamedTuple):
    redis_url: str
    partitions: int = 4
    cold_url: str = ""


def process(
    url: str,
    name: str = "one",
    *,
    partitions: int = 4,
    kind: Kind = "worker",
    runtime: Runtime | None = None,
) -> Process:
    role = Role(kind, name, "PADFLEET_WORKER_ID", timeout_ms=1000)
    return Process(Options(url, partitions), role, runtime=runtime)


def nothing() -> Figures:
    return Figures(0, {}, 0)


def application(said: list[str], name: str) -> web.Application:
    app = web.Application()

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text=name)

    async def close(_app: web.Application) -> None:
        said.append(name)

    app.router.add_get("/", hello)
    app.on_cleanup.append(close)
    return app


async def answer(port: int) -> str | None:
    """Returns the answer at this port. None means that nobody listens."""
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"http://{HOST}:{port}/") as response:
                return await response.text()
        except aiohttp.ClientConnectionError:
            return None


def tasks_are_shown() -> bool:
    return any(metric.name == "padfleet_task_running" for metric in REGISTRY.collect())


@pytest.mark.parametrize("given", ["", "w-1"])
def test_a_process_has_the_given_name_or_a_unique_one(given: str) -> None:
    role = Role("worker", given, "PADFLEET_WORKER_ID", timeout_ms=1000)
    one, other = role.name(), role.name()
    if given:
        assert one == other == given
    else:
        assert one != other
        assert one.startswith(socket.gethostname())


async def test_its_ports_open_together_and_close_the_first_one_last(redis_url: str) -> None:
    closed: list[str] = []
    ops, clients = free_ports(2)
    async with process(redis_url) as one:
        one.ends.callback(closed.append, "parts")
        await one.serve(application(closed, "ops"), HOST, ops)
        await one.serve(application(closed, "clients"), HOST, clients)
        one.ends.callback(closed.append, "sockets")
        assert (await answer(ops), await answer(clients)) == (None, None)
        await one.listen((HOST, ops), nothing)
        assert (await answer(ops), await answer(clients)) == ("ops", "clients")
    assert closed == ["sockets", "clients", "ops", "parts"]
    assert (await answer(ops), await answer(clients)) == (None, None)


async def test_the_fleet_is_told_of_it_for_as_long_as_it_lives(
    redis_url: str, redis: Redis
) -> None:
    async def keys() -> int:
        return int(
            await redis.client.exists(process_key("worker", "one"), claim_key("worker", "one"))
        )

    async with process(redis_url) as one:
        await one.listen((HOST, 1), nothing)

        async def told() -> bool:
            return await keys() == 2

        await eventually(told)
        assert (await one.health.readiness()).ok
        assert tasks_are_shown()
    assert await keys() == 0
    assert not tasks_are_shown()


async def test_one_that_cannot_be_of_the_fleet_leaves_nothing_open(
    redis_url: str, redis: Redis
) -> None:
    elder = Membership(redis, "worker", "elder", partitions=4, setting="PADFLEET_WORKER_ID")
    await elder.enter()
    before = asyncio.all_tasks()
    with pytest.raises(PartitionMismatch):
        async with process(redis_url, partitions=8):
            pytest.fail("it was let in")
    assert asyncio.all_tasks() == before
    assert not tasks_are_shown()
    async with process(redis_url):
        assert tasks_are_shown()


@pytest.mark.parametrize(
    ("signals", "hurries"),
    [
        ([signal.SIGTERM], False),
        ([signal.SIGTERM, signal.SIGTERM], True),
        ([signal.SIGINT], True),
    ],
)
async def test_a_signal_ends_it_and_the_second_at_once(
    redis_url: str, signals: list[signal.Signals], hurries: bool
) -> None:
    async with process(redis_url) as one:
        waits = asyncio.ensure_future(one.until_asked_to_stop())
        await asyncio.sleep(0)
        assert not waits.done()
        for number in signals:
            os.kill(os.getpid(), number)
            async with asyncio.timeout(10):
                await waits
        if hurries:
            async with asyncio.timeout(10):
                await one.hurry.wait()
        assert one.hurry.is_set() == hurries


async def test_what_it_keeps_ends_when_it_settles_down(redis_url: str) -> None:
    async with process(redis_url) as one:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        one.keep("work", work)
        async with asyncio.timeout(10):
            await begun.wait()
            one.settle_down()
            await ended.wait()
        await eventually(lambda: not any(line.running for line in one.supervisor.lines()))


async def test_a_second_role_shares_what_there_is_once_and_has_its_own_place(
    redis_url: str, redis: Redis
) -> None:
    async def lasting() -> None:
        await asyncio.Event().wait()

    async with process(redis_url) as outer:
        async with process(redis_url, kind="writer", runtime=outer.runtime) as inner:
            assert (inner.health, inner.supervisor) == (outer.health, outer.supervisor)
            assert inner.redis is not outer.redis
            assert (
                await redis.client.exists(claim_key("worker", "one"), claim_key("writer", "one"))
                == 2
            )
            outer.keep("work", lasting)
            inner.keep("work", lasting)
            parts = [task.part for task in outer.supervisor._tasks["work"]]
            assert parts == ["", "writer"], "one name, and each can be told from the other"
            os.kill(os.getpid(), signal.SIGTERM)
            await inner.until_asked_to_stop()
            await outer.until_asked_to_stop()
        assert tasks_are_shown(), "the first role still runs"
        assert await redis.client.exists(claim_key("writer", "one")) == 0
    assert not tasks_are_shown()
