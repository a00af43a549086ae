"""Tests whose turn it is, whatever one of the clients asks for."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.limited import FairQueue, QueueFull


class Stage:
    """Clients that take turns. Each ends when it is told to."""

    def __init__(self, turns: FairQueue) -> None:
        self.turns = turns
        self.begun: list[str] = []
        self.refused: list[str] = []
        self._running: dict[str, list[asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def comes(self, *clients: str) -> None:
        for client in clients:
            self._tasks.append(asyncio.create_task(self._visit(client)))

    async def ends(self, client: str) -> None:
        self._running[client].pop(0).set()
        await settle()

    async def over(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _visit(self, client: str) -> None:
        try:
            async with self.turns.turn(client):
                end = asyncio.Event()
                self._running.setdefault(client, []).append(end)
                self.begun.append(client)
                await end.wait()
        except QueueFull:
            self.refused.append(client)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_clients_take_turns() -> None:
    stage = Stage(FairQueue(1, waiting=10, of_one=10))
    stage.comes("a", "a", "a", "b", "c")
    await settle()
    for client in ("a", "a", "b", "c"):
        await stage.ends(client)
    # The second of a had come before b; the third waits for those who had less.
    assert stage.begun == ["a", "a", "b", "c", "a"]
    await stage.over()


async def test_one_caller_runs_a_limited_number_at_a_time() -> None:
    stage = Stage(FairQueue(2, waiting=10, of_one=10, each=1))
    stage.comes("a", "a", "b")
    await settle()
    assert stage.begun == ["a", "b"]
    await stage.ends("b")
    assert stage.begun == ["a", "b"]
    await stage.ends("a")
    assert stage.begun == ["a", "b", "a"]
    await stage.over()


async def test_the_caller_with_most_places_gives_one_up() -> None:
    stage = Stage(FairQueue(1, waiting=3, of_one=10))
    stage.comes("a", "a", "a", "a")
    await settle()
    stage.comes("b")
    await settle()
    assert (stage.refused, stage.turns.waiting) == (["a"], 3)
    stage.comes("a")
    await settle()
    assert stage.refused == ["a", "a"]
    await stage.ends("a")
    await stage.ends("a")
    assert stage.begun == ["a", "a", "b"]
    await stage.over()


async def test_where_all_have_one_place_the_next_is_refused() -> None:
    stage = Stage(FairQueue(1, waiting=2, of_one=2))
    stage.comes("a", "b", "c", "d")
    await settle()
    assert stage.refused == ["d"]
    await stage.over()


async def test_one_caller_waits_with_a_limited_number() -> None:
    stage = Stage(FairQueue(1, waiting=10, of_one=2))
    stage.comes("a", "a", "a", "a")
    await settle()
    assert stage.refused == ["a"]
    await stage.over()


async def test_a_caller_that_stops_waiting_holds_nobody_up() -> None:
    turns = FairQueue(1, waiting=10, of_one=10)
    stage = Stage(turns)
    stage.comes("a", "b", "c")
    await settle()
    stage._tasks[1].cancel()
    await settle()
    assert turns.waiting == 1
    await stage.ends("a")
    assert stage.begun == ["a", "c"]
    await stage.over()
    assert (turns.running, turns.waiting) == (0, 0)


async def test_a_turn_that_comes_as_its_client_leaves_goes_to_the_next() -> None:
    turns = FairQueue(1, waiting=10, of_one=10)
    stage = Stage(turns)
    stage.comes("a", "b", "c")
    await settle()
    stage._running["a"].pop().set()
    await asyncio.sleep(0)  # the turn has been given to b, who does not know it yet
    stage._tasks[1].cancel()
    await settle()
    assert stage.begun == ["a", "c"]
    await stage.over()
    assert (turns.running, turns.waiting) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["come", "end", "cancel"]))))
def test_whatever_happens_the_limits_hold_and_nobody_is_forgotten(
    steps: list[tuple[str, str]],
) -> None:
    async def play() -> None:
        turns = FairQueue(2, waiting=3, of_one=2, each=1)
        stage = Stage(turns)
        for number, (client, step) in enumerate(steps):
            if step == "come":
                stage.comes(client)
            elif step == "end" and stage._running.get(client):
                stage._running[client].pop(0).set()
            elif step == "cancel" and stage._tasks:
                stage._tasks[number % len(stage._tasks)].cancel()
            await settle()
            assert turns.running <= 2
            assert turns.waiting <= 3
            # Nobody waits who could run.
            assert not any(map(turns._may_run, turns._waiting))
        await stage.over()
        assert (turns.running, turns.waiting) == (0, 0)

    asyncio.run(play())
