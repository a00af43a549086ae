"""Tests how long people had to wait, with recordings made by hand."""

from __future__ import annotations

from tests.chaos.history import Recording, Spread, outage
from tests.chaos.history.recording import (
    Accepted,
    Event,
    Joined,
    Moment,
    Received,
    Submitted,
    ToldToReload,
)

FAULT = 100.0
SUBMITTED = Submitted(1, "Z:1>0$", "{}", ())


def recording(name: str, *moments: tuple[float, Event]) -> Recording:
    joined = Moment(0.0, Joined(1, f"a.{name}", ""))
    return Recording(name, "pad", [joined, *(Moment(at, event) for at, event in moments)])


def test_the_first_acceptance_of_something_sent_after_the_fault() -> None:
    found = outage(
        [
            recording("c0", (101, SUBMITTED), (103, Accepted(2))),
            recording("c1", (101, SUBMITTED), (105, Accepted(3)), (106, SUBMITTED)),
            recording("c2", (102, SUBMITTED), (104, Accepted(4))),
        ],
        FAULT,
    )
    assert found.back == Spread(3, 4, 5)
    assert found.waited == Spread(2, 2, 4)
    assert found.never == ()


def test_an_answer_that_was_already_on_its_way_does_not_count_as_service() -> None:
    found = outage(
        [recording("c0", (99, SUBMITTED), (100.1, Accepted(2)), (101, SUBMITTED))], FAULT
    )
    assert found.back is None
    assert found.waited is not None
    assert found.never == ("c0",)


def test_what_is_sent_again_has_waited_since_the_fault() -> None:
    again = recording("c0", (99, SUBMITTED), (107, SUBMITTED), (108, Accepted(2)))
    found = outage([again], FAULT)
    assert found.back == Spread(8, 8, 8)
    assert found.waited == Spread(8, 8, 8)


def test_a_missed_revision_of_ones_own_is_an_answer() -> None:
    mine = Received(2, "a.c0", "Z:1>0$", "{}", missed=True)
    others = Received(2, "a.c1", "Z:1>0$", "{}", missed=True)
    found = outage([recording("c0", (101, SUBMITTED), (104, mine))], FAULT)
    assert found.back == Spread(4, 4, 4)
    assert outage([recording("c0", (101, SUBMITTED), (104, others))], FAULT).never == ("c0",)


def test_a_reload_ends_a_wait_but_is_no_service() -> None:
    found = outage([recording("c0", (99, SUBMITTED), (102, ToldToReload("rejected")))], FAULT)
    assert found.back is None
    assert found.waited == Spread(2, 2, 2)
    assert found.never == ("c0",)


def test_who_types_nothing_after_the_fault_says_nothing() -> None:
    found = outage([recording("c0", (98, SUBMITTED), (99, Accepted(2)))], FAULT)
    assert (found.back, found.waited, found.never) == (None, None, ())


def test_what_comes_after_the_next_fault_is_passed_over() -> None:
    history = recording(
        "c0", (101, SUBMITTED), (103, Accepted(2)), (150, SUBMITTED), (190, Accepted(3))
    )
    assert outage([history], FAULT, 120).waited == Spread(2, 2, 2)
    assert outage([history], FAULT).waited == Spread(40, 40, 40)
