"""The count of what limits refuse, whichever part of a worker has the limit."""

from prometheus_client import Counter

LIMITED = Counter(
    "padfleet_fanout_limited_total", "What was refused, slowed down or ended by a limit", ["limit"]
)
