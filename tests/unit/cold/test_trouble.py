"""Tests what a process says of a cold store that does not do what it should."""

from __future__ import annotations

import logging

import pytest

from padfleet.shared.cold.errors import (
    StoreAway,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
    StoreRefuses,
    StoreSlow,
)
from padfleet.shared.cold.trouble import FADES_S, SLOW_S, StoreTrouble

KINDS = (StoreAway, StoreSlow, StoreRefuses, StoreMissing, StoreFull, StoreReadOnly)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trouble(clock: Clock) -> StoreTrouble:
    return StoreTrouble(clock)


def test_nothing_is_said_of_a_store_that_is_well(trouble: StoreTrouble) -> None:
    trouble.answered()
    assert trouble.error is None
    assert trouble.remark() is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_remark_says_what_is_wrong_since_when_and_what_to_do(
    trouble: StoreTrouble, clock: Clock, kind: type[StoreAway]
) -> None:
    trouble.failed(kind("it is odd"))
    clock.now += 12
    said = trouble.remark()
    assert said is not None
    assert said.startswith("it is odd, for 12 s: ")
    assert kind.advice in said
    assert kind.meanwhile in said


def test_each_kind_has_advice_of_its_own() -> None:
    assert len({kind.advice for kind in KINDS}) == len(KINDS)


def test_it_is_logged_when_it_begins_when_it_becomes_another_and_when_it_ends(
    trouble: StoreTrouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for error in (StoreAway("a"), StoreAway("b"), StoreFull("c"), StoreFull("d")):
        trouble.failed(error)
    trouble.answered(written=True)
    trouble.answered(written=True)
    said = [(record.levelname, record.message) for record in caplog.records]
    assert said == [
        ("WARNING", "cold store fails"),
        ("ERROR", "cold store fails"),  # it does not pass by itself
        ("INFO", "cold store answers again"),
    ]


def test_a_full_store_is_not_well_because_it_can_be_read(trouble: StoreTrouble) -> None:
    for error in (StoreFull("no room"), StoreReadOnly("ro")):
        trouble.failed(error)
        trouble.answered()
        assert trouble.error is error
        trouble.answered(written=True)
        assert trouble.error is None


def test_a_failure_fades_if_nobody_asks_any_more(trouble: StoreTrouble, clock: Clock) -> None:
    trouble.failed(StoreAway("gone"))
    clock.now += FADES_S
    assert trouble.remark() is not None
    clock.now += 1
    assert trouble.remark() is None
    trouble.failed(StoreAway("gone again"))
    said = trouble.remark()
    assert said is not None
    assert "for 0 s" in said


def test_a_slow_store_is_reported_until_it_is_quick(trouble: StoreTrouble) -> None:
    trouble.took(SLOW_S + 1)
    assert isinstance(trouble.error, StoreSlow)
    trouble.took(SLOW_S / 2)
    assert trouble.error is None
