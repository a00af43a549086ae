"""Tests when a task counts as dead and what follows, with times given as numbers."""

from __future__ import annotations

import pytest

from padfleet.shared.supervision.policy import (
    ATTEMPTS,
    DEADLINE,
    FIRST_PAUSE,
    IDLE,
    LONGEST_PAUSE,
    STEADY,
    Life,
    Policy,
)


def test_a_task_that_makes_progress_is_well() -> None:
    life = Life(Policy(deadline=10), 100)
    assert life.trouble(110) is None
    life.progressed(110, 0)
    assert (life.trouble(120), life.overdue(120), life.age(115)) == (None, False, 5)


def test_a_task_without_progress_counts_as_dead_after_its_deadline() -> None:
    life = Life(Policy(deadline=10), 100)
    assert not life.overdue(110)
    assert life.overdue(110.1)
    assert life.trouble(110.1) == "has made no progress for 10.1 s"


def test_a_pause_that_was_announced_counts_for_it() -> None:
    life = Life(Policy(deadline=10), 0)
    life.progressed(5, 600)
    assert not life.overdue(615)
    assert life.overdue(615.1)
    life.progressed(616, IDLE)
    assert not life.overdue(1e12)


def test_pauses_double_up_to_the_longest_and_are_spread() -> None:
    life = Life(Policy(attempts=None), 0)
    pauses = [life.failed(0, "why", 1.0) for _ in range(12)]
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert life.failed(0, "why", 0.0) == LONGEST_PAUSE / 2


def test_faults_in_a_row_give_it_up() -> None:
    life = Life(Policy(), 0)
    for _ in range(ATTEMPTS - 1):
        assert life.failed(0, "why", 0.5) is not None
        life.begun(0)
    assert life.failed(0, "the last", 0.5) is None
    assert life.stage == "given up"
    assert life.trouble(0) == f"failed {ATTEMPTS} times in a row, and the process ends: the last"


def test_a_dispensable_task_is_never_given_up() -> None:
    policy = Policy(attempts=None)
    life = Life(policy, 0)
    for _ in range(1000):
        assert life.failed(0, "why", 0.5) is not None
        life.begun(0)
    assert not policy.vital
    assert life.restarts == 1000


def test_a_steady_life_makes_up_for_faults() -> None:
    life = Life(Policy(attempts=2), 0)
    assert life.failed(0, "why", 0.5) is not None
    life.begun(1)
    life.progressed(1 + STEADY, 0)
    assert life.failed(1 + STEADY, "why", 0.5) is not None


def test_a_restarted_task_is_well_only_after_it_has_made_progress() -> None:
    life = Life(Policy(), 0)
    pause = life.failed(0, "ValueError: x", 1.0)
    assert pause == FIRST_PAUSE
    assert life.trouble(0) == "failed, and is begun again in 0.2 s: ValueError: x"
    life.begun(1)
    assert life.trouble(1) == "failed, and has been begun again: ValueError: x"
    life.progressed(2, 0)
    assert life.trouble(2) is None
    assert life.restarts == 1


@pytest.mark.parametrize("may_end", [False, True])
def test_to_return_is_a_fault_unless_it_may(may_end: bool) -> None:
    life = Life(Policy(), 0)
    life.may_end = may_end
    again = life.returned(0, 1.0)
    assert (again, life.stage) == ((None, "over") if may_end else (FIRST_PAUSE, "failed"))


def test_what_has_ended_makes_no_progress_and_is_never_overdue() -> None:
    life = Life(Policy(), 0)
    life.over()
    life.progressed(1, 0)
    assert life.stage == "over"
    assert not life.overdue(2 * DEADLINE)
