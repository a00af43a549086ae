"""This module splits a change that is too large for one submission into several. It is pure.

A server closes the connection on a message above its limit, and a client that keeps sending it
never gets anywhere. So a larger change is sent in pieces, each of which does a part of it:
composed, they are the change. Every intermediate state is valid. In particular, whatever precedes a
character in one of them also precedes it in the end, or is a line end there. So a list's marker is
never in the middle of a line, where servers would remove it.
"""

from __future__ import annotations

from padfleet.shared.client.split_pieces import SplitPieces, numbers_of
from padfleet.shared.client.submission_size import CHARACTER, NUMBER, OP, SplitLimits, text_size
from padfleet.shared.easysync import AttributePool, Op, iter_ops, unpack


def split(changeset: str, pool: AttributePool, limits: SplitLimits) -> list[str]:
    """Returns changesets that do what `changeset` does, one after the other, each within `limits`.

    Composed, they are exactly `changeset`, if that is canonical. `changeset` need not be above the
    limit.

    Raises `TooLarge`, or `EasysyncError` for anything that is not a changeset.
    """
    change = unpack(changeset)
    pieces = SplitPieces(change.old_len, pool, limits)
    splitter = _Splitter(pieces, pool)
    position = 0
    removals: list[Op] = []
    inserts: list[tuple[str, list[int]]] = []
    for op in iter_ops(change.ops):
        match op.opcode:
            case "-":
                removals.append(op)
            case "+":
                text = change.bank[position : position + op.chars]
                inserts.append((text, numbers_of(op.attribs)))
                position += op.chars
            case _:
                splitter.replace(removals, inserts)
                removals, inserts = [], []
                splitter.keep(op.chars, op.lines, numbers_of(op.attribs))
    splitter.replace(removals, inserts)
    return pieces.finish()


class _Splitter:
    """Says what of a change goes into which piece."""

    def __init__(self, pieces: SplitPieces, pool: AttributePool) -> None:
        self._pieces = pieces
        self._pool = pool

    def keep(self, chars: int, lines: int, numbers: list[int]) -> None:
        rest = numbers
        while rest:
            count = len(rest)
            if not self._pieces.has_room(self._pieces.cost(rest), rest):
                self._pieces.complete()
                if not self._pieces.has_room(self._pieces.cost(rest), rest):
                    count = self._pieces.first_of(rest, self._pieces.left)
            self._pieces.put("=", chars, lines, rest[:count])
            rest = rest[count:]
            if rest:
                self._pieces.complete()
        if not numbers:
            if not self._pieces.has_room(self._pieces.cost([]), []):
                self._pieces.complete()
            self._pieces.pass_over(chars, lines)
        self._pieces.moved(chars, lines)

    def replace(self, removals: list[Op], inserts: list[tuple[str, list[int]]]) -> None:
        if not self._fit_all(removals, inserts):
            self._pieces.complete()
        whole = self._fit_all(removals, inserts)
        for op in removals:
            self._pieces.put("-", op.chars, op.lines, numbers_of(op.attribs))
        if not whole and inserts:
            self._insert_in_parts(inserts)
            return
        for text, numbers in inserts:
            self._pieces.put_text("+", text, numbers)
            self._pieces.moved_over(text)

    def _fit_all(self, removals: list[Op], inserts: list[tuple[str, list[int]]]) -> bool:
        taken = [numbers_of(op.attribs) for op in removals]
        numbers = [number for each in taken for number in each]
        numbers += [number for _, each in inserts for number in each]
        cost = self._pieces.cost(numbers) + sum(OP + NUMBER * len(each) for each in taken)
        cost += sum(2 * (OP + NUMBER * len(each)) + text_size(text) for text, each in inserts)
        return self._pieces.has_room(cost, numbers, ops=len(removals) + 2 * len(inserts))

    def _insert_in_parts(self, inserts: list[tuple[str, list[int]]]) -> None:
        last_text, last = inserts[-1]
        newline = last_text.endswith("\n") and self._pieces.cost(last) + 2 <= self._pieces.left // 4
        if newline:
            inserts = [*inserts[:-1], (last_text[:-1], last)]
            self._pieces.last_line = last
        first = True
        for text, numbers in inserts:
            rest = text
            while rest:
                part = self._insert_part(rest, numbers, first=first)
                rest = rest[len(part) :]
                first = False
        if not newline:
            return
        if self._pieces.last_line is None:  # it has been inserted already
            self._pieces.pass_over(1, 1)
        else:
            self._pieces.last_line = None
            self._pieces.put_text("+", "\n", last)
        self._pieces.moved(1, 1)

    def _insert_part(self, text: str, numbers: list[int], *, first: bool) -> str:
        """Inserts the beginning of `text`, as much as fits, and returns it. Text that is replaced
        is removed together with the `first` part."""
        reserved = self._pieces.reserved()
        if not first and not self._has_room_for_character(numbers, reserved):
            self._pieces.complete()
            reserved = self._pieces.reserved()
        now, later = numbers, list[int]()
        if not self._has_room_for_character(numbers, reserved):
            # Servers refuse an insert without an author, so that attribute is among the first.
            ordered = sorted(numbers, key=lambda number: self._pool.get(number)[0] != "author")
            count = self._pieces.first_of(ordered, self._pieces.left - reserved - CHARACTER, ops=2)
            now, later = ordered[:count], ordered[count:]
        part = _beginning(text, self._pieces.left - reserved - self._pieces.cost(now, ops=2))
        self._pieces.put_text("+", part, now)
        while later:
            self._pieces.complete()
            count = self._pieces.first_of(later, self._pieces.left, ops=2)
            self._pieces.put_text("=", part, later[:count])
            later = later[count:]
        self._pieces.moved_over(part)
        return part

    def _has_room_for_character(self, numbers: list[int], reserved: int) -> bool:
        """Returns whether an inserted character fits, with its attributes in two ops."""
        cost = self._pieces.cost(numbers, ops=2) + reserved + CHARACTER
        return self._pieces.has_room(cost, numbers, ops=3)


def _beginning(text: str, size: int) -> str:
    """Returns the longest beginning of the text that takes at most about `size` bytes, but at least
    one character. No pair is split."""
    part = text[: max(size, 2)]
    while len(part) > 2 and (taken := text_size(part)) > size:
        part = part[: max(2, min(len(part) - 1, len(part) * size // taken))]
    end = len(part)
    if end < len(text) and "\ud800" <= text[end - 1] < "\udc00" <= text[end] < "\ue000":
        end = end - 1 if end > 1 else end + 1
    return text[:end]
