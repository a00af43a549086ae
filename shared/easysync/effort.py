"""How much work something may take, counted in operations gone through."""

from __future__ import annotations

from typing import Final

EACH_FOLLOWED: Final = 2
"""What following a revision costs besides its operations."""


class TooMuchWork(Exception):
    """More than was allowed. What was begun has come to nothing."""


class Effort:
    """What is left of an allowance. Some 5 to 10 µs are one operation."""

    __slots__ = ("given_up", "left")

    def __init__(self, limit: int) -> None:
        self.left = limit
        self.given_up = False

    def give_up(self) -> None:
        """Nobody wants any more what it is for. From another thread: what goes on comes to its end
        where it spends again."""
        self.given_up = True

    def spend(self, operations: int) -> None:
        """Before they are gone through. Raises `TooMuchWork` if that is more than is left."""
        self.left -= operations
        if self.left < 0 or self.given_up:
            raise TooMuchWork


def count_ops(changeset: str) -> int:
    """How many operations it has, without looking at what they are."""
    end = changeset.find("$")
    end = end if end >= 0 else len(changeset)
    count = changeset.count  # not a sum over the three, which takes half as long again
    return count("+", 0, end) + count("-", 0, end) + count("=", 0, end)
