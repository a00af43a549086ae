"""Tests the limits on the number of sockets."""

from padfleet.services.fanout.limits.connection_quota import ConnectionQuota, QuotaExceeded


def test_one_address_cannot_take_all_places() -> None:
    places = ConnectionQuota(total=3, per_address=2)
    for _ in range(2):
        assert places.why_not("a") is None
        places.take("a")
    assert places.why_not("a") is QuotaExceeded.ADDRESS
    assert places.why_not("b") is None
    places.take("b")
    assert places.why_not("c") is QuotaExceeded.WORKER
    places.give_back("a")
    assert places.why_not("c") is None
    assert places.why_not("a") is None


def test_without_limits_nothing_is_kept_of_anybody() -> None:
    places = ConnectionQuota(total=0, per_address=0)
    for number in range(1000):
        places.take(f"address {number}")
        assert places.why_not("anybody") is None
    assert not places._by_address
