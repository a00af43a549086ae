"""Tests how slow a client may be, and how many file descriptors are needed."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.limits.descriptors import Descriptors, DescriptorVerdict
from padfleet.services.fanout.limits.slow import MOST_OF_A_BODY, SENDS, TAKES, Patience, Waits

TIMEOUT = 20.0


def over(patience: Patience, waits: Waits, until: float, moved: int = 0) -> bool:
    return any(
        patience.is_over(waits, float(second), TIMEOUT, moved) for second in range(int(until) + 1)
    )


def test_a_silent_client_has_the_time_of_a_request() -> None:
    assert not over(Patience(0.0), Waits.REQUEST, TIMEOUT)
    assert over(Patience(0.0), Waits.REQUEST, TIMEOUT + 2)


def test_a_client_that_drips_gets_no_more_time() -> None:
    assert over(Patience(0.0), Waits.BODY, TIMEOUT + 3, moved=25)


def test_a_body_on_its_way_has_the_time_that_it_takes() -> None:
    assert not over(Patience(0.0), Waits.BODY, TIMEOUT + 60, moved=60 * SENDS)
    assert over(Patience(0.0), Waits.BODY, TIMEOUT + 63, moved=60 * SENDS)


def test_no_body_takes_for_ever() -> None:
    assert over(Patience(0.0), Waits.BODY, MOST_OF_A_BODY * TIMEOUT + 3, moved=1 << 40)


def test_an_answer_has_to_be_taken() -> None:
    assert over(Patience(0.0), Waits.TAKEN, TIMEOUT + 3)
    assert not over(Patience(0.0), Waits.TAKEN, TIMEOUT + 60, moved=60 * TAKES)


def test_our_own_work_is_not_the_clients_time() -> None:
    patience = Patience(0.0)
    assert not over(patience, Waits.NOTHING, 1000)
    assert not patience.is_over(Waits.REQUEST, 1001.0, TIMEOUT, 0)


def test_each_request_begins_anew() -> None:
    patience = Patience(0.0)
    for at in range(0, 100, 10):
        assert not patience.is_over(Waits.REQUEST, at + 9.0, TIMEOUT, 0)
        patience.begins(at + 10.0)


@pytest.mark.parametrize("limit", [64, 300, 1024, 1 << 20])
def test_some_descriptors_are_kept_back(limit: int) -> None:
    files = Descriptors(limit)
    verdicts = [files.verdict(count) for count in range(max(1, limit - 1000), limit + 1)]
    assert verdicts[-1] is DescriptorVerdict.REFUSE
    assert DescriptorVerdict.MAKE_ROOM in verdicts
    assert verdicts.index(DescriptorVerdict.MAKE_ROOM) < verdicts.index(DescriptorVerdict.REFUSE)
    assert verdicts.count(DescriptorVerdict.TAKE) >= 0.7 * len(verdicts)
