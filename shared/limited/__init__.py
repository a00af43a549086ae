"""This package does work that strangers can make long. The work runs in separate processes, within
limits.

`process` runs one such process and limits its time, its memory and the size of its answer. `child`
is the code that runs in that process. `turns` decides whose job is next, so that no client takes
the places of the others. `pool` puts these together: a few processes do the same kind of work for
many clients.

Nothing that a client sends may hold an event loop for more than 20 ms. Work that could take longer
belongs here.
"""

from padfleet.shared.limited.pool import JobPool
from padfleet.shared.limited.process import (
    JobFailed,
    JobLimits,
    JobRefused,
    Limited,
    Overrun,
    Starved,
    WorkFailed,
)
from padfleet.shared.limited.turns import FairQueue, QueueFull

__all__ = [
    "FairQueue",
    "JobFailed",
    "JobLimits",
    "JobPool",
    "JobRefused",
    "Limited",
    "Overrun",
    "QueueFull",
    "Starved",
    "WorkFailed",
]
