"""This module writes changesets one after the other, each of which is within a submission's limits.
It is pure.

`SplitPieces` knows what has been written, and what the current piece has room for. What goes into
which piece is decided in `splitting`.
"""

from __future__ import annotations

from collections.abc import Sequence

from padfleet.shared.client.submission_size import (
    FIXED,
    NUMBER,
    OP,
    SplitLimits,
    attribute_too_large,
    entry_size,
    text_size,
)
from padfleet.shared.easysync import AttributePool, pack
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.base36 import VALUES, numeral


def numbers_of(attribs: str) -> list[int]:
    """Returns the numbers of the attributes in an op."""
    return [VALUES[number] for number in attribs.split("*")[1:]]


def _written(numbers: Sequence[int]) -> str:
    return "".join(f"*{numeral(number)}" for number in numbers)


class _Place:
    """A position in the new text: up to its last newline, and after that."""

    def __init__(self) -> None:
        self.chars = self.lines = self.tail = 0

    def move(self, chars: int, lines: int) -> None:
        if lines:
            self.chars += self.tail + chars
            self.lines += lines
            self.tail = 0
        else:
            self.tail += chars

    def move_over(self, text: str) -> None:
        head = text.rfind("\n") + 1
        self.move(head, text.count("\n"))
        self.move(len(text) - head, 0)


class SplitPieces:
    """The pieces of a change: those that are complete, and the current one.

    Arguments:
        length: the length of the text that the change applies to.
        pool: the pool of the change's attributes.
        limits: what each piece may contain.
    """

    def __init__(self, length: int, pool: AttributePool, limits: SplitLimits) -> None:
        self._length = length  # the length of the text to which the current piece applies
        self._pool = pool
        self._limits = limits
        self._place = _Place()
        self._complete: list[str] = []
        self.last_line: list[int] | None = None
        """The attributes of a newline at the end of what is inserted. It is inserted before the
        text that has to precede it, so that the text after it is always at the start of a line."""
        self._begin()

    @property
    def left(self) -> int:
        """How many bytes the current piece still has room for."""
        return self._left

    def _begin(self) -> None:
        self._out = Assembler()
        self._bank: list[str] = []
        self._known: set[int] = set()
        self._left = self._limits.bytes - FIXED
        self._ops_left = self._limits.ops
        self._empty = True
        self._out.add("=", self._place.chars, self._place.lines, "")
        self._out.add("=", self._place.tail, 0, "")

    def complete(self) -> None:
        """Ends the current piece, unless it is empty."""
        if self._empty:
            return
        if self.last_line is not None:
            self._out.add("+", 1, 1, _written(self.last_line))
            self._bank.append("\n")
            self.last_line = None
        ops = self._out.finish()
        length = self._length + self._out.length_change
        self._complete.append(pack(self._length, length, ops, "".join(self._bank)))
        self._length = length
        self._begin()

    def finish(self) -> list[str]:
        """Ends the last piece, and returns all of them: at least one, which may do nothing."""
        self.complete()
        return self._complete or [pack(self._length, self._length, "", "")]

    # --- What there is room for ------------------------------------------------------------------

    def cost(self, numbers: Sequence[int], *, ops: int = 1) -> int:
        """Returns how many bytes of the current piece this number of ops with these attributes
        would take."""
        new = sum(entry_size(self._pool.get(number)) for number in set(numbers) - self._known)
        return ops * (OP + NUMBER * len(numbers)) + new

    def has_room(self, cost: int, numbers: Sequence[int], *, ops: int = 1) -> bool:
        """Returns whether the current piece has room for this number of bytes and ops, and for
        these attributes in its pool."""
        most = self._limits.attributes
        few = not numbers or len(self._known.union(numbers)) <= most
        return cost <= self._left and ops <= self._ops_left and few

    def first_of(self, numbers: list[int], within: int, *, ops: int = 1) -> int:
        """Returns how many of the attributes fit into `within` bytes of an empty piece. Raises
        `TooLarge` if none does."""
        most = min(len(numbers), self._limits.attributes // 2)
        left = within - ops * OP
        for count, number in enumerate(numbers[:most]):
            left -= entry_size(self._pool.get(number)) + ops * NUMBER
            if left < 0:
                if not count:
                    raise attribute_too_large(self._pool.get(number)[0], self._limits)
                return count
        return most

    def reserved(self) -> int:
        """Returns how many bytes of the current piece the newline at its end takes."""
        return self.cost(self.last_line) + 2 if self.last_line is not None else 0

    # --- What is written -------------------------------------------------------------------------

    def put(self, opcode: str, chars: int, lines: int, numbers: list[int]) -> None:
        """Writes an op, whatever there is room for."""
        self._left -= self.cost(numbers)
        self._ops_left -= 1
        self._known.update(numbers)
        self._empty = False
        self._out.add(opcode, chars, lines, _written(numbers))

    def put_text(self, opcode: str, text: str, numbers: list[int]) -> None:
        """Writes the ops for a text: those of its whole lines, and of what follows them."""
        head = text.rfind("\n") + 1
        if head:
            self.put(opcode, head, text.count("\n"), numbers)
        if head < len(text):
            self.put(opcode, len(text) - head, 0, numbers)
        if opcode == "+":
            self._left -= text_size(text)
            self._bank.append(text)

    def pass_over(self, chars: int, lines: int) -> None:
        """Writes an op that keeps text as it is."""
        self._out.add("=", chars, lines, "")
        if not self._empty:  # else it is where the piece begins
            self._left -= self.cost([])
            self._ops_left -= 1

    def moved(self, chars: int, lines: int) -> None:
        """Notes that later pieces begin behind so much more of the new text."""
        self._place.move(chars, lines)

    def moved_over(self, text: str) -> None:
        """Notes that later pieces begin behind this text."""
        self._place.move_over(text)
