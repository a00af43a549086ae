"""Tests the pauses while Redis is away: they follow one rule, and do not all end at the same
moment."""

import ast
import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from padfleet.shared.log.connection.retry import (
    FIRST,
    LONGEST,
    LONGEST_OF_FEW,
    SHORTEST,
    RetryPauses,
    pause_after,
)

ROOT = Path(__file__).parents[3]

ROOMS = 1000
MOMENT = 0.01
"""The number of seconds within which calls count as simultaneous."""


@pytest.mark.parametrize("longest", [LONGEST_OF_FEW, LONGEST, 5.0])
def test_pauses_grow_up_to_a_bound(longest: float) -> None:
    uppers = [pause_after(failures, longest, 1.0) for failures in range(1, 40)]
    assert uppers[0] == FIRST
    assert all(one <= other for one, other in pairwise(uppers))
    assert uppers[1] > uppers[0]
    assert uppers[-1] == longest


@pytest.mark.parametrize("failures", [1, 2, 5, 1_000, 1_000_000])
def test_no_pause_is_shorter_than_the_shortest_however_long_it_has_gone_on(failures: int) -> None:
    assert pause_after(failures, LONGEST, 0.0) == SHORTEST
    assert SHORTEST < pause_after(failures, LONGEST, 0.5) < pause_after(failures, LONGEST, 1.0)


def test_after_a_success_pauses_are_short_again() -> None:
    pauses = RetryPauses(chance=lambda: 1.0)
    assert [pauses.next() for _ in range(4)] == [0.2, 0.4, 0.8, 1.0]
    pauses.succeeded()
    assert pauses.next() == FIRST


def _back_at(outage: float, pause: Callable[[], float]) -> float:
    """Returns when a room that tries from moment 0 on first reaches a Redis that is away for this
    long."""
    now = 0.0
    while now < outage:
        now += pause()
    return now


def _most_at_once(moments: list[float]) -> int:
    return max(Counter(int(moment / MOMENT) for moment in moments).values())


@pytest.mark.parametrize("outage", [0.3, 2.0, 30.0])
def test_a_thousand_rooms_that_lose_redis_together_do_not_come_back_together(
    outage: float,
) -> None:
    dice = Random(0)
    back = [_back_at(outage, RetryPauses(chance=dice.random).next) for _ in range(ROOMS)]
    assert _most_at_once(back) < ROOMS / 10
    assert max(back) <= outage + LONGEST, "and none of them is forgotten"
    # What this guards against: with pauses of equal length all of them come in one moment.
    assert _most_at_once([_back_at(outage, lambda: FIRST) for _ in range(ROOMS)]) == ROOMS


def test_two_loops_without_a_seed_differ() -> None:
    assert len({RetryPauses().next() for _ in range(100)}) > 90


async def test_only_a_task_that_is_supervised_itself_tells_that_it_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[float] = []
    monkeypatch.setattr("padfleet.shared.supervision.progress.progress", told.append)
    pauses = RetryPauses(longest=SHORTEST, chance=lambda: 1.0)
    await pauses.sleep()
    assert told == []
    await pauses.rest()
    assert told == [SHORTEST]


@pytest.mark.parametrize("how", [RetryPauses.sleep, RetryPauses.rest])
async def test_waiting_can_be_cancelled(
    how: Callable[[RetryPauses], Coroutine[None, None, None]],
) -> None:
    waiting = asyncio.create_task(how(RetryPauses(longest=3600, chance=lambda: 1.0)))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def _waits_by_itself(handler: ast.ExceptHandler) -> bool:
    if handler.type is None or "UNREACHABLE" not in ast.unparse(handler.type):
        return False
    calls = [ast.unparse(node.func) for node in ast.walk(handler) if isinstance(node, ast.Call)]
    return not {"asyncio.sleep", "sleep", "rest"}.isdisjoint(calls)


@pytest.mark.parametrize("top", ["services", "shared"])
def test_every_retry_while_redis_is_away_uses_the_common_pauses(top: str) -> None:
    odd = []
    for path in (ROOT / top).rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        text = path.read_text()
        tree = ast.parse(text)
        odd += [
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler) and _waits_by_itself(node)
        ]
        odd += [f"{path.relative_to(ROOT)}: RETRY_DELAY" for _ in range("RETRY_DELAY" in text)]
    assert not odd, "use RetryPauses of shared/log/connection/retry.py"
