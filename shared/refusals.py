"""This module counts what limits refuse, whichever part of a worker has the limit."""

from prometheus_client import Counter

LIMITED = Counter(
    "padfleet_fanout_limited_total", "Actions that a limit refused, delayed or ended", ["limit"]
)
