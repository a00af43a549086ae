"""Runs the short form of `make fuzz`: each target with some hundred cases, the same ones each
time."""

from __future__ import annotations

import gc
import tracemalloc
from random import Random
from typing import Any

import pytest

from tests.fuzz import corpus
from tests.fuzz.campaign import run_part
from tests.fuzz.catalogue import TARGETS
from tests.fuzz.mutate import MOST, mutated
from tests.fuzz.target import Broken, Target, attempt, extent

CASES = 300
SLOW = {"settings": 60}

KEPT = 2_000_000
"""How many bytes more may be in use after some hundred cases: caches fill."""


@pytest.mark.parametrize("name", TARGETS)
def test_what_strangers_send_is_taken_or_refused(name: str) -> None:
    part = run_part(name, 1, 0, SLOW.get(name, CASES))
    assert not part.failures, "\n".join(part.failures)
    assert part.cases == SLOW.get(name, CASES)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_kept_of_it(name: str) -> None:
    run_part(name, 2, 0, 30)  # what is made once has been made
    tracemalloc.start()
    try:
        run_part(name, 2, 30, 30)
        gc.collect()  # what only waits to be collected is not kept
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < KEPT


@pytest.mark.parametrize("name", TARGETS)
def test_a_case_comes_again_from_its_seed(name: str) -> None:
    target = TARGETS[name]
    assert repr(target.case(3, 17)) == repr(target.case(3, 17))
    assert len({repr(target.case(3, number)) for number in range(20)}) > 1


def test_cases_are_neither_all_taken_nor_all_refused() -> None:
    """A generator whose cases never pass the first check, or are never wrong, proves nothing."""
    for name in ("json", "packet", "websocket", "algebra", "pool", "token", "cookie"):
        part = run_part(name, 4, 0, CASES)
        assert CASES * 0.1 < part.taken < CASES * 0.95, name


@pytest.mark.parametrize("data", [b"", b"x", '{"a":1}', "\ud83d"])
def test_mutations_stay_in_their_type_and_size(data: Any) -> None:
    source = Random(5)
    for _ in range(300):
        found = mutated(source, data, [data, data * 3])
        assert type(found) is type(data)
        assert len(found) <= MOST


# --- That a broken target is found ---------------------------------------------------------------


def _endless(_case: Any) -> int:
    while True:
        pass


def _too_deep(_case: Any) -> int:
    raise RecursionError


def _talkative(_case: Any) -> int:
    raise KeyError("x" * 5000)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda case: int("x"), "raised ValueError"),
        (_too_deep, "raised RecursionError"),
        (lambda case: 10**9, "a result of size 1000000000"),
        (_talkative, "an error text of 500"),
        (_endless, "CPU time"),
    ],
)
def test_a_broken_promise_is_found(monkeypatch: pytest.MonkeyPatch, run: Any, message: str) -> None:
    monkeypatch.setattr("tests.fuzz.target.CPU_LIMIT", 0.05)
    target = Target("broken", lambda source: source.random(), run, (KeyError,), 1)
    with pytest.raises(Broken, match=message):
        attempt(target, target.case(1, 1))


def test_a_failure_says_how_to_have_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target("json", lambda source: source.random(), lambda case: 1 // 0, (), 1)
    monkeypatch.setitem(TARGETS, "json", target)
    part = run_part("json", 9, 40, 2)
    assert "ZeroDivisionError" in part.failures[0]
    assert "make fuzz ARGS='--seed 9 --target json --case 41'" in part.failures[1]


def test_what_takes_much_memory_is_found_and_not_held_against_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    greedy = Target("json", lambda source: 1, lambda case: len(b"x" * 400_000_000) // 10**9, (), 1)
    monkeypatch.setitem(TARGETS, "json", greedy)
    assert "MB more at its height" in run_part("json", 1, 0, 1).failures[0]
    assert not run_part("packet", 1, 0, 1).failures


def test_the_size_of_a_case_counts_its_texts_and_its_members() -> None:
    assert extent({"ab": [b"cde", 1, None]}) == 1 + 3 + 1 + 4 + 1 + 1


def test_there_are_seeds() -> None:
    assert len(corpus.packet_texts()) > 30
    assert corpus.changesets()
