"""This module measures where the sessions of this worker stand at the moment. They are counted when
somebody scrapes, so that it costs nothing otherwise. Ten thousand sessions take 5 ms."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.session_state import SessionState
from padfleet.services.fanout.pads.feed import Feed

SHOWN = {
    SessionState.ARRIVING: "current",
    SessionState.CURRENT: "current",
    SessionState.WAITING: "waiting",
    SessionState.CATCHING_UP: "catching up",
    SessionState.HELD_UP: "catching up",
    SessionState.GONE: "waiting",
}
"""The names that a scrape uses for the states of sessions."""

QUANTILES = (0.5, 0.95, 0.99, 1.0)

Placed = tuple[Feed, Iterable[Session]]
"""A pad's feed, and its sessions."""


class LagMetrics(Collector):
    def __init__(self, places: Callable[[], Iterable[Placed]]) -> None:
        self._places = places

    def collect(self) -> Iterator[Metric]:
        states: Counter[str] = Counter(dict.fromkeys(SHOWN.values(), 0))
        lags: list[int] = []
        unacknowledged: list[int] = []
        for feed, sessions in self._places():
            for session in sessions:
                states[SHOWN[session.state]] += 1
                lags.append(feed.head - session.cursor.sent_rev)
                unacknowledged.append(session.window.sent - session.window.acked)
        by_state = GaugeMetricFamily(
            "padfleet_fanout_sessions_by_state",
            "Sessions that are up to date, that wait for their socket or client, or that are "
            "reading the history",
            labels=["state"],
        )
        for state, count in states.items():
            by_state.add_metric([state], count)
        yield by_state
        yield _quantiles(
            "padfleet_fanout_lag_revisions", "Revisions that a session has not been sent", lags
        )
        yield _quantiles(
            "padfleet_fanout_unacknowledged_bytes",
            "Bytes that a session was sent and is not known to have",
            unacknowledged,
        )


def _quantiles(name: str, text: str, values: list[int]) -> GaugeMetricFamily:
    """Returns the quantiles over all sessions at this moment, without samples if there are none."""
    family = GaugeMetricFamily(name, text, labels=["quantile"])
    values.sort()
    for quantile in QUANTILES if values else ():
        at = min(len(values) - 1, int(quantile * len(values)))
        family.add_metric([f"{quantile:g}"], values[at])
    return family
