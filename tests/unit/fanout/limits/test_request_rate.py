"""Tests how many requests without a socket an address may make, and what each counts as."""

from __future__ import annotations

import pytest

from padfleet.services.fanout.limits.request_rate import (
    BURST,
    CONVERSION,
    FILE,
    RequestRate,
    cost_of,
)
from padfleet.shared.payers import payer_of

ONE = "198.51.100.1"


def admitted(rate: RequestRate, address: str, cost: float = 1.0) -> int:
    """Returns how many requests are admitted until one is refused, of a hundred."""
    return next((n for n in range(100) if not rate.admits(payer_of(address), cost)), 100)


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stops the clock."""
    monkeypatch.setattr("padfleet.services.fanout.limits.request_rate.monotonic", lambda: 1.0)


def test_an_address_has_its_share_and_another_one_its_own() -> None:
    rate = RequestRate(1)
    assert admitted(rate, ONE) == BURST
    assert admitted(rate, ONE) == 0
    assert admitted(rate, "198.51.100.2") == BURST
    assert admitted(rate, "198.51.100.3", CONVERSION) == BURST / CONVERSION


def test_what_is_given_back_may_be_taken_again() -> None:
    rate = RequestRate(1)
    for _ in range(10 * BURST):
        assert rate.admits(payer_of(ONE), 1.0)
        rate.give_back(payer_of(ONE), 1.0)
    assert admitted(rate, ONE) == BURST


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", ""])
def test_requests_from_the_same_machine_are_not_counted(address: str) -> None:
    assert admitted(RequestRate(1), address) == 100


def test_nothing_is_given_back_where_nothing_is_taken() -> None:
    rate = RequestRate(1)
    rate.give_back(payer_of("127.0.0.1"), 1.0)
    assert rate._buckets is not None
    assert len(rate._buckets) == 0


def test_without_a_limit_nobody_is_counted() -> None:
    assert admitted(RequestRate(0), ONE) == 100


@pytest.mark.parametrize(
    ("path", "cost"),
    [
        ("/", 1.0),
        ("/p/x", 1.0),
        ("/nothing/there", 1.0),
        ("/assets/pad-1a2b.js", FILE),
        ("/p/x/export/html", CONVERSION),
        ("/p/x/12/export/pdf", CONVERSION),
        ("/p/x/import", CONVERSION),
        ("/socket.io/", 0.0),
        ("/api/1.3.0/getText", 0.0),
        ("/rest/1.3.0/pad/getText", 0.0),
        ("/api", 1.0),
        ("/api/nothing", 1.0),
        ("/api/1.3.0/openapi.json", 1.0),
        ("/rest/1.3.0/openapi.json", 1.0),
        ("/health/live", 0.0),
        ("/metrics", 0.0),
        ("/stats/prometheus", 0.0),
        ("/fleet", 1.0),
    ],
)
def test_what_requests_cost(path: str, cost: float) -> None:
    assert cost_of(path) == cost
