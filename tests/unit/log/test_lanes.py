"""Tests the lanes to Redis: nobody is refused a connection, and no lane holds up another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from padfleet.shared.log.connection.lanes import CONNECTIONS, Lane, Lanes, key_of, take_lane
from padfleet.shared.turnstile import Turnstile, TurnstileFull
from tests.eventually import eventually


async def in_lane(lanes: Lanes, lane: Lane, end: asyncio.Event, here: list[Lane]) -> None:
    take_lane(lane)
    async with lanes.place():
        here.append(lane)
        await end.wait()


async def test_a_full_lane_holds_up_nobody_of_another() -> None:
    lanes, end = Lanes(), asyncio.Event()
    here: list[Lane] = []
    crowd = [
        asyncio.create_task(in_lane(lanes, lane, end, here))
        for lane in (Lane.CALLS, Lane.SESSIONS, Lane.FIRST)
        for _ in range(500)
    ]
    await eventually(lambda: len(here) == sum(lane.places for lane in Lane))
    assert {lane: here.count(lane) for lane in Lane} == {lane: lane.places for lane in Lane}
    assert len(here) < CONNECTIONS
    end.set()
    await asyncio.gather(*crowd)
    assert len(here) == 1500


async def test_waiting_callers_are_served_in_order() -> None:
    lanes, served = Lanes(), []

    async def take(number: int) -> None:
        async with lanes.place():
            served.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(take(number) for number in range(300)))
    assert served == list(range(300))


async def test_what_is_sent_on_behalf_of_a_command_needs_no_place_of_its_own() -> None:
    lanes = Lanes()

    async def nested() -> None:
        async with lanes.place():
            await asyncio.sleep(0)
            async with lanes.place():
                pass

    async with asyncio.timeout(10):
        await asyncio.gather(*(nested() for _ in range(200)))


async def test_a_node_that_is_away_does_not_keep_those_out_who_want_another() -> None:
    lanes, end = Lanes(), asyncio.Event()

    async def stuck() -> None:
        async with lanes.place("away"):
            await end.wait()

    crowd = [asyncio.create_task(stuck()) for _ in range(200)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10), lanes.place("here"):
        pass
    end.set()
    await asyncio.gather(*crowd)


@pytest.mark.parametrize(
    ("args", "key"),
    [
        (("GET", "k"), "k"),
        (("EVALSHA", "sha", 2, "k", "l", "x"), "k"),
        (("EVAL", "text", 0, "x"), None),
        (("XREAD", b"COUNT", 3, b"STREAMS", "k", "0-0"), "k"),
        (("XREAD", "BLOCK", 5, "STREAMS", "k", "0-0"), "k"),
        (("PING",), None),
    ],
)
def test_the_key_of_a_command_is_found(args: tuple[Any, ...], key: str | None) -> None:
    assert key_of(args) == key


async def test_a_turnstile_lets_in_a_limited_number_and_the_next_when_one_leaves() -> None:
    turnstile, end, inside = Turnstile(at_once=2, waiting=3, patience=60), asyncio.Event(), []

    async def call(number: int) -> None:
        async with turnstile.turn():
            inside.append(number)
            await end.wait()

    crowd = [asyncio.create_task(call(number)) for number in range(5)]
    await eventually(lambda: len(inside) == 2)
    assert turnstile.waiting == 3
    with pytest.raises(TurnstileFull, match="3 wait already"):
        await call(99)
    end.set()
    await asyncio.gather(*crowd)
    assert inside == [0, 1, 2, 3, 4]
    assert turnstile.waiting == 0


async def test_a_caller_that_waits_too_long_for_its_turn_is_told_so() -> None:
    turnstile = Turnstile(at_once=1, waiting=3, patience=0.01)
    async with turnstile.turn():
        with pytest.raises(TurnstileFull, match="no turn within"):
            async with turnstile.turn():
                raise AssertionError
    async with turnstile.turn():
        pass


async def test_a_caller_that_gives_up_waiting_takes_no_turn() -> None:
    turnstile = Turnstile(at_once=1, waiting=3, patience=60)

    async def call() -> None:
        async with turnstile.turn():
            pass

    async with turnstile.turn():
        waiting = asyncio.create_task(call())
        await eventually(lambda: turnstile.waiting == 1)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(10), turnstile.turn():
        assert turnstile.waiting == 0
