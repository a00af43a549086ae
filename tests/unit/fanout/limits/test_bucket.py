"""Tests that token buckets let a burst through, and then a rate."""

from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.bucket import Buckets, RateLimit, TokenBucket

PACE = RateLimit(rate=10.0, burst=5.0, patience=1.0)


def test_a_burst_goes_at_once_and_what_follows_at_the_rate() -> None:
    bucket = TokenBucket(PACE.burst, 0.0)
    waits = [bucket.take(PACE, 0.0) for _ in range(8)]
    assert waits[:5] == [0.0] * 5
    assert [round(wait or 0, 6) for wait in waits[5:]] == [0.1, 0.2, 0.3]


def test_a_caller_that_would_wait_too_long_is_refused_and_not_charged() -> None:
    bucket = TokenBucket(PACE.burst, 0.0)
    taken = [bucket.take(PACE, 0.0) for _ in range(100)]
    assert sum(wait is not None for wait in taken) == 15  # the burst, and a second's worth
    assert taken[15:] == [None] * 85
    assert bucket.take(PACE, 0.15) is not None, "the refusals were charged"


def test_one_that_rests_has_its_burst_again_and_no_more() -> None:
    bucket = TokenBucket(PACE.burst, 0.0)
    for _ in range(5):
        bucket.take(PACE, 0.0)
    assert not bucket.is_full(PACE, 0.3)
    assert bucket.is_full(PACE, 0.5)
    assert [bucket.take(PACE, 1000.0) for _ in range(6)] == [0.0] * 5 + [0.1]


@given(
    st.lists(
        st.tuples(st.floats(0, 2), st.floats(0.1, 3)),
        max_size=60,
    )
)
def test_nobody_is_overtaken_and_the_rate_is_kept(steps: list[tuple[float, float]]) -> None:
    """Up to any moment, at most the burst and the rate's share have passed, and nobody who comes
    later passes earlier."""
    bucket, now, allowed, last = TokenBucket(PACE.burst, 0.0), 0.0, 0.0, 0.0
    for pause, amount in steps:
        now += pause
        wait = bucket.take(PACE, now, amount)
        if wait is None:
            continue
        assert wait <= PACE.patience
        goes = now + wait
        allowed += amount
        assert goes >= last or wait == 0
        assert allowed <= PACE.burst + PACE.rate * goes + 1e-6
        last = max(last, goes)


def test_each_has_a_bucket_of_its_own_and_full_ones_are_forgotten() -> None:
    buckets: Buckets[str] = Buckets(PACE)
    for _ in range(20):
        buckets.take("greedy", 0.0)
    assert buckets.take("greedy", 0.0) is None
    assert buckets.take("modest", 0.0) == 0.0
    for number in range(1000):
        buckets.take(f"passing {number}", 10.0 + number)
    assert len(buckets) < 10
