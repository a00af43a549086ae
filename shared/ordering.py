"""This module sorts many names in little memory."""

import heapq
import json
import os
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, Final

RUN: Final = 20_000
"""How many names are held in memory and sorted at once, in ten milliseconds. More go to a file."""

BLOCK: Final = 1 << 13
"""How many bytes of each run are read at once."""


class OrderedNames:
    """Takes names in any order, and returns them in the order of their characters.

        with closing(OrderedNames()) as names:
            names.add("b"); names.add("a")
            list(names)  # ["a", "b"]

    Raises OSError if a temporary file cannot be created, or the disk is full.
    """

    def __init__(self, *, run: int = RUN) -> None:
        self._run = run
        self._held: list[str] = []
        self._ends = [0]  #: the ends of the runs in the file
        self._file: IO[bytes] | None = None

    def add(self, name: str) -> None:
        """Adds a name. A name that is added twice is returned twice."""
        self._held.append(name)
        if len(self._held) >= self._run:
            self._put_away()

    def __iter__(self) -> Iterator[str]:
        """Yields all names that have been added; no more may be added meanwhile."""
        runs = []
        if self._file is not None:
            runs = [self._read(self._file, *run) for run in pairwise(self._ends)]
        return heapq.merge(sorted(self._held), *runs)

    def _put_away(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="padfleet-")  # noqa: SIM115
        data = b"".join(json.dumps(name).encode() + b"\n" for name in sorted(self._held))
        at = self._ends[-1]
        self._ends.append(at + len(data))
        while data:
            written = os.pwrite(self._file.fileno(), data, at)
            data, at = data[written:], at + written
        self._held = []

    def _read(self, file: IO[bytes], start: int, end: int) -> Iterator[str]:
        rest = b""
        while start < end:
            block = os.pread(file.fileno(), min(BLOCK, end - start), start)
            if not block:
                raise OSError("a temporary file has been cut short")
            start += len(block)
            *lines, rest = (rest + block).split(b"\n")
            yield from map(json.loads, lines)

    def close(self) -> None:
        """Closes the temporary file."""
        if self._file is not None:
            self._file.close()
