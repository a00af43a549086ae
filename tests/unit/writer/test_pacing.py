"""Tests when the writer reads its inboxes, simulated with a clock that only the test moves."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random

import pytest

from padfleet.services.tools.plan.rhythm import announcements, rounds_and_calls
from padfleet.services.writer.leases.pacing import LIVELY, RoundPace
from padfleet.shared.rounds import FREE_COMMITS, FREE_ROUNDS, pause

MOST = 0.01
ROUND = 0.0005
"""The length in seconds of a simulated round."""

PARTITIONS = range(32)


@dataclass(slots=True)
class Outcome:
    """The results of one simulated stretch of time."""

    waits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long each submission waited for its round, by partition."""
    rounds: int = 0
    commits: dict[int, int] = field(default_factory=lambda: defaultdict(int))  #: by partition
    reads: int = 0  #: those that brought nothing included

    def mean_wait(self, partitions: Iterable[int] = PARTITIONS) -> float:
        waits = [wait for p in partitions for wait in self.waits[p]]
        return sum(waits) / len(waits)

    def longest_wait(self, partition: int) -> float:
        return max(self.waits[partition])


def simulate(rates: Mapping[int, float], seconds: float = 10.0, *, seed: int = 1) -> Outcome:
    """Submissions at these rates, by partition, at random times. What happens within the first
    second is not counted: rates have to be known first."""
    dice = Random(seed)
    arrivals: list[tuple[float, int]] = []
    for partition, rate in rates.items():
        at = dice.expovariate(rate)
        while at < seconds:
            arrivals.append((at, partition))
            at += dice.expovariate(rate)
    arrivals.sort()
    pace, now, found = RoundPace(MOST), 0.0, Outcome()
    inboxes: dict[int, list[float]] = defaultdict(list)
    at = 0
    while at < len(arrivals) or any(inboxes.values()):
        while at < len(arrivals) and arrivals[at][0] <= now:
            inboxes[arrivals[at][1]].append(arrivals[at][0])
            at += 1
        due, patience = pace.next_read(now, PARTITIONS)
        found.reads += bool(due)
        batches = {p: inboxes.pop(p) for p in due if inboxes.get(p)}
        if not batches:
            # A read ends with the first that comes to what is read; without a read, time passes.
            ends = now + patience if patience < math.inf else seconds
            coming = (t for t, p in arrivals[at:] if p in due) if due else ()
            now = max(now, min(ends, next(iter(coming), math.inf)))
            if ends == math.inf and at == len(arrivals):
                break
            now = now if now > 0 else 1e-9
            continue
        pace.read(now, {p: len(batch) for p, batch in batches.items()})
        if now > 1:
            found.rounds += 1
            for partition, batch in batches.items():
                found.commits[partition] += 1
                found.waits[partition] += [now - arrived for arrived in batch]
        now += ROUND
    return found


# --- The pause -----------------------------------------------------------------------------------


@pytest.mark.parametrize("free", [FREE_COMMITS, FREE_ROUNDS])
def test_there_is_no_pause_within_the_free_amount(free: float) -> None:
    for rate in (0.0, 1.0, free / 2, free):
        assert pause(rate, free, MOST) == 0


@pytest.mark.parametrize("free", [FREE_COMMITS, FREE_ROUNDS])
def test_the_pause_grows_with_the_rate_up_to_the_most(free: float) -> None:
    pauses = [pause(free * times, free, MOST) for times in (1.01, 1.2, 1.5, 2, 4, 100)]
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] < MOST / 10
    assert pauses[-1] == MOST


def test_without_a_maximum_nobody_pauses() -> None:
    pace = RoundPace(0.0)
    pace.read(0.0, {1: 10_000})
    assert pace.next_read(0.0, [1, 2]) == ([1, 2], math.inf)


# --- Whom it makes wait --------------------------------------------------------------------------


def test_a_lone_author_s_submission_is_read_at_once() -> None:
    found = simulate({3: 5.0}, 60)
    assert found.longest_wait(3) <= ROUND
    assert found.rounds == pytest.approx(len(found.waits[3]), abs=2)


def test_a_handful_on_one_pad_does_not_wait_to_speak_of() -> None:
    assert simulate({3: 48.0}, 60).mean_wait() < 0.001


def test_many_authors_who_are_alone_do_not_wait_to_speak_of() -> None:
    assert simulate(dict.fromkeys(PARTITIONS, FREE_ROUNDS / 32), 20).mean_wait() < 0.001


def test_more_of_them_wait_for_less_than_half_of_the_longest_pause() -> None:
    """There are 150 of them, at two edits a second."""
    assert simulate(dict.fromkeys(PARTITIONS, 300 / 32), 20).mean_wait() < MOST * 0.4


@pytest.mark.parametrize("rate", [200.0, 600.0, 2000.0])
def test_a_crowd_on_one_pad_shares_its_commits(rate: float) -> None:
    found = simulate({3: rate})
    assert found.commits[3] <= 9 / MOST + 1
    assert found.longest_wait(3) <= MOST + ROUND
    assert len(found.waits[3]) / found.commits[3] >= 0.9 * rate * MOST


@pytest.mark.parametrize("rate", [3000.0, 10_000.0])
def test_where_very_many_are_alone_they_share_their_rounds(rate: float) -> None:
    found = simulate(dict.fromkeys(PARTITIONS, rate / 32), 5)
    assert found.rounds <= 1.2 * 4 / MOST
    assert max(map(found.longest_wait, PARTITIONS)) <= MOST + ROUND


def test_an_author_who_is_alone_does_not_wait_for_a_crowded_pad() -> None:
    found = simulate({3: 300.0, 7: 2.0}, 30)
    assert found.mean_wait([7]) < 0.0025
    assert found.commits[3] <= 29 / MOST + 1


def test_a_crowd_alone_costs_no_reads_but_those_of_its_commits() -> None:
    found = simulate({3: 300.0})
    assert found.reads <= found.rounds * 1.3 + 100


def test_the_pause_ends_when_the_crowd_goes() -> None:
    pace = RoundPace(MOST)
    pace.read(0.0, {3: 5000})
    assert pace.next_read(0.001, [3, 7]).partitions == []
    assert pace.next_read(30.0, [3, 7]) == ([3, 7], math.inf)
    pace.read(30.0, {3: 1})
    assert pace.next_read(30.0, [3, 7]) == ([3, 7], math.inf)


def test_partitions_that_rest_are_left_out_of_a_read_until_their_pause_ends() -> None:
    pace = RoundPace(MOST)
    for step in range(50):
        pace.read(step * 0.02, {3: 4, 7: 1 if step == 0 else 0})
    due, seconds = pace.next_read(0.98 + 0.004, [3, 7])
    assert due == [7]
    assert seconds == pytest.approx(0.006)
    assert pace.next_read(0.98 + MOST, [3, 7]).partitions == [3, 7]


def test_where_nobody_else_types_the_pause_passes_without_a_read() -> None:
    pace = RoundPace(MOST)
    pace.read(0.0, {7: 1})
    for step in range(200):
        pace.read(step * 0.02, {3: 4})
    assert LIVELY > 0
    due, seconds = pace.next_read(3.98 + 0.004, [3, 7])
    assert due == []
    assert seconds == pytest.approx(0.006)


def test_what_is_forgotten_has_no_pause() -> None:
    pace = RoundPace(MOST)
    for step in range(50):
        pace.read(step * 0.02, {3: 4})
    pace.forget(3)
    assert 3 in pace.next_read(0.9801, [3]).partitions


def test_I10_whoever_types_beside_the_inboxes_does_not_put_off_reading_them() -> None:
    pace, now = RoundPace(MOST), 0.0
    pace.read(now, {3: 100})
    for _ in range(200):
        pace.settled(now, {3: 10})  # at the end of each rest, before anybody asks what to read
        now += pace.wait(now, 3)
    assert now > 10 * MOST
    assert 3 in pace.next_read(now, [3, 7]).partitions


def test_reading_the_inboxes_does_not_put_off_whoever_types_beside_them() -> None:
    pace, now = RoundPace(MOST), 0.0
    for _ in range(200):
        pace.read(now, {3: 10})
        assert pace.wait(now, 3) <= 0
        now += MOST
    assert not pace.next_read(now - MOST / 2, [3, 7]).partitions, "it does rest"


# --- The event loop's clock ----------------------------------------------------------------------


def test_the_clock_of_the_event_loop_is_never_asked_again_before_it_has_moved_on() -> None:
    """It has whole milliseconds, and so have its timers. A pause that ended between two of them
    took a whole core until the second came."""
    pace, dice = RoundPace(MOST), Random(5)
    now = asked = 0
    for _ in range(20_000):
        pace.settled(now / 1000, {3: 1, dice.randrange(4, 30): 1})
        pace.read(now / 1000, {3: 1, dice.randrange(4, 30): 1})
        due, seconds = pace.next_read(now / 1000, [3, 4])
        for left in (pace.wait(now / 1000, 3), 0.0 if due else seconds):
            asked += left > 0
            assert left == 0 or round(1000 * left) >= 1
        now += dice.randrange(4)
    assert asked > 1000


# --- What the plan makes of it -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pads", "rate"),
    [
        *((1, rate) for rate in (20.0, 60.0, 200.0, 600.0, 2000.0)),
        *((20, rate) for rate in (100.0, 400.0, 800.0)),
        *((32, rate) for rate in (300.0, 600.0, 1500.0, 6000.0)),
    ],
)
def test_the_plan_counts_rounds_and_calls_as_they_are_paced(pads: int, rate: float) -> None:
    """Each pad is in a partition of its own."""
    found = simulate(dict.fromkeys(range(pads), rate / pads))
    made = pads * announcements(rate / pads)
    rounds, calls = rounds_and_calls(rate, pads, made)
    assert rounds == pytest.approx(found.rounds / 9, rel=0.2)
    assert calls == pytest.approx(sum(found.commits.values()) / 9, rel=0.2)
