"""Work that strangers can make long, done by processes of its own within limits.

`process` runs one and keeps it within time, memory and size of answer; `child` is what runs there;
`turns` says who is next, so that no client takes the places of the others; `pool` is all of it
together: some processes that do the same kind of work for whoever asks.

Nothing that a client sends may hold an event loop for more than 20 ms. What could, goes here.
"""

from padfleet.shared.limited.pool import Pool
from padfleet.shared.limited.process import Failed, JobRefused, Limited, Limits, Overrun, WorkFailed
from padfleet.shared.limited.turns import FairQueue, QueueFull

__all__ = [
    "Failed",
    "FairQueue",
    "JobRefused",
    "Limited",
    "Limits",
    "Overrun",
    "Pool",
    "QueueFull",
    "WorkFailed",
]
