"""Tests the event loop of simulations: time, order, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.world import disguise
from tests.world.disguise import NotSimulated
from tests.world.host import Host, here
from tests.world.loop import Deadlock
from tests.world.world import World


@pytest.fixture
def world() -> Iterator[World]:
    world = World("1")
    yield world
    world.loop.close()


def _world(seed: int) -> World:
    return World(str(seed))


def test_time_jumps_to_the_next_timer(world: World) -> None:
    async def work() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    before = world.loop.time()
    assert 3600 <= world.loop.run_until_complete(work()) - before < 3600.01


def test_busy_waiting_reaches_the_moment(world: World) -> None:
    async def work() -> None:
        end = world.loop.time() + 0.01
        while world.loop.time() < end:  # noqa: ASYNC110 - that it may be asked is the point
            await asyncio.sleep(0)

    world.loop.run_until_complete(work())


def test_nothing_ready_and_no_timer_is_said(world: World) -> None:
    waits: asyncio.Future[None] = world.loop.create_future()
    with pytest.raises(Deadlock):
        world.loop.run_until_complete(waits)
    waits.cancel()


def _order(seed: int, *, hosts: int) -> list[str]:
    """Returns the order in which five callbacks of each host are run."""
    world = _world(seed)
    ran: list[str] = []
    for number in range(hosts):
        host = world.network.add(f"h{number}")
        for turn in range(5):

            async def step(name: str) -> None:
                ran.append(name)

            _ = world.loop.create_task(step(f"{host.name}.{turn}"), context=host.context.copy())

    world.loop.run_until_complete(asyncio.sleep(1))
    world.loop.close()
    return ran


def test_a_host_has_its_order_and_chance_decides_between_hosts() -> None:
    orders = [_order(seed, hosts=3) for seed in range(8)]
    for order in orders:
        for host in ("h0", "h1", "h2"):
            assert [name for name in order if name.startswith(host)] == [
                f"{host}.{turn}" for turn in range(5)
            ]
    assert len(set(map(tuple, orders))) > 1
    assert orders == [_order(seed, hosts=3) for seed in range(8)]


def test_chance_decides_between_timers_of_one_moment() -> None:
    def order(seed: int) -> tuple[int, ...]:
        world = _world(seed)
        ran: list[int] = []
        when = world.loop.time() + 1
        for number in range(4):
            world.loop.call_at(when, ran.append, number)
        world.loop.run_until_complete(asyncio.sleep(2))
        world.loop.close()
        return tuple(ran)

    orders = {order(seed) for seed in range(8)}
    assert len(orders) > 1
    assert all(sorted(each) == [0, 1, 2, 3] for each in orders)


def test_callbacks_and_tasks_know_their_host(world: World) -> None:
    host = world.network.add("one")
    seen: list[Host | None] = []

    async def child() -> None:
        seen.append(here())

    async def parent() -> None:
        seen.append(here())
        world.loop.call_later(0.1, lambda: seen.append(here()))
        await asyncio.create_task(child())
        await asyncio.sleep(0.2)

    world.loop.run_until_complete(world.loop.create_task(parent(), context=host.context.copy()))
    assert seen == [host] * 3
    assert here() is None


def test_a_frozen_process_does_nothing_and_goes_on_later(world: World) -> None:
    host = world.network.add("one")
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.1)
            ticks.append(world.loop.time())

    _ = world.loop.create_task(tick(), context=host.context.copy())
    world.loop.run_until_complete(asyncio.sleep(1))
    host.frozen = True
    before = len(ticks)
    world.loop.run_until_complete(asyncio.sleep(5))
    assert len(ticks) == before
    host.frozen = False
    world.loop.run_until_complete(asyncio.sleep(1))
    assert before < len(ticks) < before + 15
    world.network.kill(host)


def test_a_killed_process_does_not_even_run_finally(world: World) -> None:
    host = world.network.add("one")
    ran: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
            ran.append("slept")
        finally:
            ran.append("finally")

    _ = world.loop.create_task(work(), context=host.context.copy())
    world.loop.run_until_complete(asyncio.sleep(1))
    world.network.kill(host)
    world.loop.run_until_complete(asyncio.sleep(60))
    assert ran == []


def test_threads_of_asyncio_are_run_in_line(world: World) -> None:
    async def work() -> int:
        return await asyncio.to_thread(lambda: 6 * 7)

    assert world.loop.run_until_complete(work()) == 42


@pytest.mark.parametrize(
    "call",
    [
        "loop.run_in_executor(object(), print)",
        "asyncio.create_subprocess_exec('true')",
        "asyncio.create_subprocess_shell('true')",
        "loop.add_reader(0, print)",
        "loop.create_unix_connection(print, '/x')",
        "loop.create_datagram_endpoint(print)",
        "asyncio.open_connection('one', 1, ssl=True)",
    ],
)
def test_what_would_leave_the_process_is_refused(world: World, call: str) -> None:
    world.network.add("one")

    async def work() -> None:
        loop = asyncio.get_running_loop()
        found = eval(call, {"asyncio": asyncio, "loop": loop, "print": print})  # noqa: S307
        if found is not None:
            await found

    with pytest.raises(NotSimulated):
        world.loop.run_until_complete(work())


@pytest.mark.parametrize("seed", ["1", "2"])
def test_a_world_that_becomes_its_own_seed_does_not_throw_the_same_again(seed: str) -> None:
    """Where people come while the fleet begins, a Redis that was started anew had the run id and
    the replication id that it had had, so that a loss looked like none."""
    world = World(seed)
    dice = world.dice("server")
    begun = dice.getrandbits(64)
    world.become("1")
    become = dice.getrandbits(64)
    assert become != begun
    again = World(seed)
    same = again.dice("server")
    again.become("1")
    assert same.getrandbits(64) == become
    disguise.enter(None)
    for each in (world, again):
        each.loop.close()
