"""Runs padfleet with a wall clock that a test can put forward and back while it runs.

    clock = WallClock(folder / "clock")
    fleet.start(launcher=clock.launcher)
    clock.jump(-3600)       # an hour back, for every process that was started with it

It shifts `time.time` and `time.time_ns`, which Python code uses whenever it asks for the date,
except for `datetime.now` and `time.localtime()` without an argument: they ask the kernel
themselves. `time.monotonic` and the event loop's time are left alone, as they are when the date of
a machine is set. Nothing has to be installed for it, unlike for libfaketime.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_OFFSET: Final = struct.Struct("q")  # nanoseconds


class WallClock:
    """The test's side: how many seconds the processes are ahead of the true time."""

    def __init__(self, path: Path, ahead: float = 0.0) -> None:
        self._path = path
        self._ahead = 0.0
        path.write_bytes(_OFFSET.pack(0))
        self.jump(ahead)

    @property
    def ahead(self) -> float:
        return self._ahead

    @property
    def launcher(self) -> list[str]:
        """Returns the command to run in place of `python -m padfleet`."""
        return [sys.executable, "-m", "tests.chaos.skewed", str(self._path)]

    def jump(self, seconds: float) -> None:
        """Puts the clock forward, or back; at once for all that run with it."""
        self._ahead += seconds
        # It writes into the same file and not a new one, since the processes have mapped it: eight
        # aligned bytes in one write, so that no process sees half of them.
        with self._path.open("r+b", buffering=0) as file:
            file.write(_OFFSET.pack(int(self._ahead * 1e9)))


def shift(path: Path) -> None:
    """Makes this process's time follow the file. It has to be called before modules import `time`
    by name."""
    with path.open("rb") as file:
        # The file is mapped, so that asking for the time stays as cheap as it was.
        offset = mmap.mmap(file.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)
    true_ns = time.time_ns

    def shifted_ns() -> int:
        ahead: int = _OFFSET.unpack_from(offset)[0]
        return true_ns() + ahead

    def shifted() -> float:
        return shifted_ns() / 1e9

    time.time, time.time_ns = shifted, shifted_ns


def main(argv: Sequence[str]) -> int:
    shift(Path(argv[0]))
    from padfleet.__main__ import main as padfleet

    return padfleet(list(argv[1:]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
