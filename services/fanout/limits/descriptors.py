"""How many files a worker may have open, and how many of these are kept back. Pure but for
`raise_limit` and `open_files`.

A connection is a file. Where strangers can open as many as there may be, the worker could not take
in those who are on a pad already and come back, nor speak to Redis anew.
"""

import resource
from enum import Enum
from pathlib import Path
from typing import Final

MOST: Final = 1 << 20
"""More are not asked for, where there is no limit."""

KEPT_BACK: Final = 256
"""Descriptors that are kept back at most; an eighth of all if there are few."""


class DescriptorVerdict(Enum):
    """On a connection that has just come."""

    TAKE = "there are enough"
    MAKE_ROOM = "somebody else has to go, or only those are served who are on a pad already"
    REFUSE = "there are so few left that nobody is let in"


def raise_limit() -> int:
    """Lets this process open as many files as it is allowed to ask for, and says how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def open_files() -> int:
    """How many this process has open; 0 where the system does not say."""
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return 0


class Descriptors:
    def __init__(self, limit: int) -> None:
        kept_back = min(KEPT_BACK, limit // 8)
        self._enough = limit - kept_back
        self._few = limit - kept_back // 2

    def verdict(self, files: int) -> DescriptorVerdict:
        """`files`: how many are open, the connection included."""
        if files <= self._enough:
            return DescriptorVerdict.TAKE
        return DescriptorVerdict.MAKE_ROOM if files <= self._few else DescriptorVerdict.REFUSE
