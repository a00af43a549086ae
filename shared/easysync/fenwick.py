"""This module keeps running sums over the blocks of a document in logarithmic time (a Fenwick
tree)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Found(NamedTuple):
    """Where a position is: the block, and how much precedes that block."""

    block: int
    units: int
    newlines: int


class FenwickTree:
    """Holds the length and the newlines of each block, both summed at once."""

    __slots__ = ("_newlines", "_top", "_units")

    def __init__(self, units: Sequence[int], newlines: Sequence[int]) -> None:
        # Entry i, counted from 1, holds the sum of the last (i & -i) blocks up to the i-th.
        self._units, self._newlines = [0, *units], [0, *newlines]
        for at in range(1, len(self._units)):
            above = at + (at & -at)
            if above < len(self._units):
                self._units[above] += self._units[at]
                self._newlines[above] += self._newlines[at]
        self._top = 1 << (len(units).bit_length() - 1) if units else 0

    def add(self, index: int, units: int, newlines: int) -> None:
        """Adds to the sums, because the block `index` has grown by so much."""
        at = index + 1
        while at < len(self._units):
            self._units[at] += units
            self._newlines[at] += newlines
            at += at & -at

    def find(self, position: int) -> Found:
        """Returns the block with the character at `position`; the end of a text is in its last
        block."""
        sums = self._units
        size = len(sums) - 1
        at, left, newlines = 0, position, 0
        step = self._top
        while step:
            beyond = at + step
            # The last block takes all that is left.
            if beyond < size and sums[beyond] <= left:
                at = beyond
                left -= sums[beyond]
                newlines += self._newlines[beyond]
            step >>= 1
        return Found(at, position - left, newlines)

    def find_newline(self, number: int) -> tuple[int, int]:
        """Returns the block with the newline of this number, counted from 1, and how many units
        precede that block."""
        sums = self._newlines
        size = len(sums) - 1
        at, left, units = 0, number, 0
        step = self._top
        while step:
            beyond = at + step
            if beyond < size and sums[beyond] < left:
                at = beyond
                left -= sums[beyond]
                units += self._units[beyond]
            step >>= 1
        return at, units
