"""This module limits how much work something may take, counted in operations processed."""

from __future__ import annotations

from typing import Final

EACH_FOLLOWED: Final = 2
"""What following a revision costs in addition to its operations."""


class TooMuchWork(Exception):
    """More work was needed than allowed. What was begun has had no effect."""


class Effort:
    """What is left of an allowance for work. One operation takes some 5 to 10 µs."""

    __slots__ = ("given_up", "left")

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.given_up = False

    def give_up(self) -> None:
        """Withdraws the allowance, because the result is no longer wanted. This is called from
        another thread; the work ends when it next calls `spend`."""
        self.given_up = True

    def spend(self, operations: int) -> None:
        """Takes this number of operations from the allowance, before they are processed. Raises
        `TooMuchWork` if fewer are left."""
        self.left -= operations
        if self.left < 0 or self.given_up:
            raise TooMuchWork


def count_ops(changeset: str) -> int:
    """Returns how many operations the changeset has, without parsing them."""
    end = changeset.find("$")
    end = end if end >= 0 else len(changeset)
    count = changeset.count  # not a sum over the three, which takes half as long again
    return count("+", 0, end) + count("-", 0, end) + count("=", 0, end)
