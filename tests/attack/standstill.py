"""Measures how long the machine as a whole stood still, as a virtual one does whose host stops it.

A process that does nothing but sleep, and reads and writes no files, is late only if it gets no
processor: because others use all of them, which the columns for processor time tell, or because
there is none.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Final

STOOD_MS: Final = 200.0
"""A table says that the machine stood still if it did so for this long."""

_SLEEPER: Final = """
import os, select, sys, time
step, most, last = 0.01, 0.0, time.monotonic()
while True:
    asked = select.select([0], [], [], step)[0]
    now = time.monotonic()
    most, last = max(most, now - last - step), now
    if asked:
        if not os.read(0, 1):
            break
        os.write(1, b"%.6f\\n" % most)
        most = 0.0
"""


class Standstill:
    """Runs the sleeping process."""

    def __init__(self) -> None:
        self._sleeper = subprocess.Popen(
            [sys.executable, "-c", _SLEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def longest_ms(self) -> float:
        """Returns by how many ms the process has been late at most since the last call."""
        assert self._sleeper.stdin is not None
        assert self._sleeper.stdout is not None
        self._sleeper.stdin.write(b"?")
        self._sleeper.stdin.flush()
        return 1000 * float(self._sleeper.stdout.readline())

    def close(self) -> None:
        self._sleeper.communicate()
