"""Tests the metrics about sessions in a scrape."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.ops.lag_metrics import LagMetrics
from padfleet.services.fanout.transport.outbound import Outbound
from tests.unit.fanout.revisions import feed_at, revisions
from tests.unit.fanout.test_flush import a_session


def scraped(standing: LagMetrics) -> str:
    registry = CollectorRegistry()
    registry.register(standing)
    return generate_latest(registry).decode()


def test_states_lag_and_what_is_under_way() -> None:
    feed = feed_at(0, 1000)
    feed.offer(revisions(*range(1, 101)))
    sessions = [a_session(Outbound(), at) for at in (100, 100, 90, 0)]
    sessions[2].happened(SessionEvent.STUCK)
    sessions[3].happened(SessionEvent.FELL_BEHIND)
    sessions[2].window.sent = 5000
    text = scraped(LagMetrics(lambda: [(feed, sessions)]))
    assert 'sessions_by_state{state="current"} 2.0' in text
    assert 'sessions_by_state{state="waiting"} 1.0' in text
    assert 'sessions_by_state{state="catching up"} 1.0' in text
    assert 'lag_revisions{quantile="0.5"} 10.0' in text
    assert 'lag_revisions{quantile="1"} 100.0' in text
    assert 'unacknowledged_bytes{quantile="1"} 5000.0' in text


def test_without_sessions_there_is_no_lag() -> None:
    text = scraped(LagMetrics(list))
    assert "lag_revisions{" not in text
    assert 'sessions_by_state{state="current"} 0.0' in text
