"""Tests the limits on the number of sockets."""

from padfleet.services.fanout.limits.connection_quota import ConnectionQuota, QuotaExceeded
from padfleet.shared.payers import Payer


def test_one_address_cannot_take_all_places() -> None:
    places = ConnectionQuota(total=3, per_address=2)
    for _ in range(2):
        assert places.why_not(Payer("a")) is None
        places.take(Payer("a"))
    assert places.why_not(Payer("a")) is QuotaExceeded.ADDRESS
    assert places.why_not(Payer("b")) is None
    places.take(Payer("b"))
    assert places.why_not(Payer("c")) is QuotaExceeded.WORKER
    places.give_back(Payer("a"))
    assert places.why_not(Payer("c")) is None
    assert places.why_not(Payer("a")) is None


def test_without_limits_nothing_is_kept_of_anybody() -> None:
    places = ConnectionQuota(total=0, per_address=0)
    for number in range(1000):
        places.take(Payer(f"address {number}"))
        assert places.why_not(Payer("anybody")) is None
    assert not places._by_address
