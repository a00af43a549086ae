"""Tests that a thousand sockets that leave at once let everybody else have a turn."""

from __future__ import annotations

import asyncio

from padfleet.services.fanout.transport.farewells import AT_ONCE, Farewells


async def test_who_goes_alone_is_seen_off_at_once() -> None:
    farewells, said = Farewells(), list[int]()
    for number in range(AT_ONCE):
        farewells.say(lambda number=number: said.append(number))  # type: ignore[misc]
    assert said == list(range(AT_ONCE))


async def test_of_many_some_go_in_each_turn_and_in_their_order() -> None:
    farewells, said, seen = Farewells(3), list[int](), list[int]()
    for number in range(10):
        farewells.say(lambda number=number: said.append(number))  # type: ignore[misc]
    for _ in range(4):
        seen.append(len(said))
        await asyncio.sleep(0)
    assert said == list(range(10))
    assert seen == [3, 6, 9, 10]


async def test_who_comes_meanwhile_does_not_overtake() -> None:
    farewells, said = Farewells(2), list[str]()
    for name in "abcd":
        farewells.say(lambda name=name: said.append(name))  # type: ignore[misc]
    await asyncio.sleep(0)
    farewells.say(lambda: said.append("e"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert said == ["a", "b", "c", "d", "e"]


async def test_one_that_fails_keeps_nobody_else() -> None:
    farewells, said = Farewells(1), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)

    def fails() -> None:
        raise ValueError("a fault of ours")

    farewells.say(lambda: said.append("a"))
    farewells.say(fails)
    farewells.say(lambda: said.append("b"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert said == ["a", "b"]
