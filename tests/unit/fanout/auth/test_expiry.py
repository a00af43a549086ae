"""Tests that sessions whose time is over have to be admitted again."""

from __future__ import annotations

import asyncio
import time

from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.deadlines import Deadlines, watch
from tests.eventually import eventually


def test_sessions_are_due_once_and_in_the_order_of_their_deadlines() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.put("late", 30)
    deadlines.put("first", 10)
    deadlines.put("second", 20)
    assert deadlines.due(9.9) == []
    assert deadlines.due(20) == ["first", "second"]
    assert deadlines.due(20) == []
    assert len(deadlines) == 1


def test_a_deadline_can_be_moved_either_way() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.put("a", 10)
    deadlines.put("a", 30)
    deadlines.put("b", 30)
    deadlines.put("b", 10)
    assert deadlines.due(10) == ["b"]
    assert deadlines.due(30) == ["a"]
    assert deadlines.due(99) == []


def test_a_session_that_has_left_is_not_due() -> None:
    deadlines: Deadlines[str] = Deadlines()
    deadlines.put("a", 10)
    deadlines.discard("a")
    deadlines.discard("never there")
    assert deadlines.due(99) == []
    deadlines.put("a", 100)
    assert deadlines.due(99) == []
    assert deadlines.due(100) == ["a"]


def test_things_that_cannot_be_compared_may_have_the_same_deadline() -> None:
    deadlines: Deadlines[object] = Deadlines()
    one, two = object(), object()
    deadlines.put(one, 5)
    deadlines.put(two, 5)
    assert deadlines.due(5) == [one, two]


def test_deadlines_that_come_and_go_leave_nothing_behind() -> None:
    deadlines: Deadlines[int] = Deadlines()
    for number in range(10_000):
        deadlines.put(number, 1e12)
        deadlines.discard(number)
    assert len(deadlines._heap) < 100
    for number in range(1000):
        deadlines.put(number, 1e12)
    for number in range(1000):
        deadlines.discard(number)
    assert len(deadlines._heap) < 100


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "discard", "due"]), st.integers(0, 5), st.integers(0, 50))
    )
)
def test_it_is_a_dictionary_of_times(steps: list[tuple[str, int, int]]) -> None:
    deadlines: Deadlines[int] = Deadlines()
    model: dict[int, int] = {}
    for step, item, at in steps:
        match step:
            case "put":
                deadlines.put(item, at)
                model[item] = at
            case "discard":
                deadlines.discard(item)
                model.pop(item, None)
            case _:
                due = {one for one, when in model.items() if when <= at}
                assert set(deadlines.due(at)) == due
                model = {one: when for one, when in model.items() if one not in due}
        assert len(deadlines) == len(model)


async def test_one_that_hangs_or_fails_does_not_keep_the_others() -> None:
    deadlines: Deadlines[str] = Deadlines()
    called: list[str] = []
    never = asyncio.Event()

    async def expired(item: str) -> None:
        called.append(item)
        if item == "fails":
            raise ValueError("on purpose")
        if item == "hangs":
            await never.wait()

    for item in ("hangs", "fails", "last"):
        deadlines.put(item, time.time() - 1)
    watching = asyncio.create_task(watch(deadlines, expired))
    await eventually(lambda: called == ["hangs", "fails", "last"])
    deadlines.put("later", time.time() - 1)
    await eventually(lambda: called[-1] == "later", "the next tick")
    watching.cancel()
    never.set()
    await asyncio.gather(watching, return_exceptions=True)
