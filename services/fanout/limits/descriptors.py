"""This module decides how many files a worker may have open, and how many of them are held in
reserve. It is pure, except for `raise_limit` and `open_files`.

Each connection is a file. If strangers could open as many as there may be, the worker could neither
admit people who are on a pad already and come back, nor open a new connection to Redis.
"""

import os
import resource
from enum import Enum
from typing import Final

MOST: Final = 1 << 20
"""How many files a worker asks for at most if there is no limit."""

KEPT_BACK: Final = 256
"""How many descriptors are held in reserve at most; if there are few, it is an eighth of all."""


class DescriptorVerdict(Enum):
    """The decisions on a connection that has just arrived."""

    TAKE = "there are enough"
    MAKE_ROOM = "somebody else has to go, or only those are served who are on a pad already"
    REFUSE = "there are so few left that nobody is let in"


def raise_limit() -> int:
    """Lets this process open as many files as it is allowed to ask for, and returns how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def open_files() -> int:
    """Returns how many files this process has open, or 0 if the system does not say."""
    try:
        return len(os.listdir("/dev/fd"))  # noqa: PTH208 (no Path for each)
    except OSError:
        return 0


class Descriptors:
    def __init__(self, limit: int) -> None:
        kept_back = min(KEPT_BACK, limit // 8)
        self._enough = limit - kept_back
        self._few = limit - kept_back // 2

    def verdict(self, files: int) -> DescriptorVerdict:
        """Decides on a new connection; `files` says how many files are open, including it."""
        if files <= self._enough:
            return DescriptorVerdict.TAKE
        return DescriptorVerdict.MAKE_ROOM if files <= self._few else DescriptorVerdict.REFUSE
