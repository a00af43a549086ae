"""Tests that a thousand sockets that leave at once let everybody else have a turn."""

from __future__ import annotations

import asyncio

from padfleet.services.fanout.transport.disconnect_turns import AT_ONCE, DisconnectTurns


async def test_a_socket_that_goes_alone_is_handled_immediately() -> None:
    turns, done = DisconnectTurns(), list[int]()
    for number in range(AT_ONCE):
        turns.take(lambda number=number: done.append(number))  # type: ignore[misc]
    assert done == list(range(AT_ONCE))


async def test_many_sockets_are_handled_a_few_per_turn_in_their_order() -> None:
    turns, done, seen = DisconnectTurns(3), list[int](), list[int]()
    for number in range(10):
        turns.take(lambda number=number: done.append(number))  # type: ignore[misc]
    for _ in range(4):
        seen.append(len(done))
        await asyncio.sleep(0)
    assert done == list(range(10))
    assert seen == [3, 6, 9, 10]


async def test_a_later_socket_does_not_overtake_those_that_wait() -> None:
    turns, done = DisconnectTurns(2), list[str]()
    for name in "abcd":
        turns.take(lambda name=name: done.append(name))  # type: ignore[misc]
    await asyncio.sleep(0)
    turns.take(lambda: done.append("e"))
    for _ in range(3):
        await asyncio.sleep(0)
    assert done == ["a", "b", "c", "d", "e"]


async def test_a_failure_does_not_hold_up_the_others() -> None:
    turns, done = DisconnectTurns(1), list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)

    def fails() -> None:
        raise ValueError("a fault of ours")

    turns.take(lambda: done.append("a"))
    turns.take(fails)
    turns.take(lambda: done.append("b"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ["a", "b"]
