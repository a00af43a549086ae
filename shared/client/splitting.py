"""This module splits a change that is too large for one submission into several. It is pure.

A server closes the connection on a message above its limit, and a client that keeps sending it
never gets anywhere. So a larger change is sent in pieces, each of which does a part of it:
composed, they are the change. Every intermediate state is valid. In particular, whatever precedes a
character in one of them also precedes it in the end, or is a line end there. So a list's marker is
never in the middle of a line, where servers would remove it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from padfleet.shared.client.errors import TooLarge
from padfleet.shared.easysync import AttributePool, Op, iter_ops, pack, unpack
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.base36 import VALUES, numeral
from padfleet.shared.wire.jsontext import dumps

_CONTROL: Final = re.compile("[\\x00-\\x07\\x0b\\x0e-\\x1f]")  # as \\u0001, unlike \\n
_HALF: Final = re.compile("[\ud800-\udfff]")
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")

FIXED: Final = 384
"""The maximum number of bytes of a submission in addition to its ops, text and attributes."""

_OP: Final = 24
"""The maximum number of bytes of an op, without the numbers of its attributes."""

_NUMBER: Final = 4
"""The number of bytes of an attribute's number in an op."""

_ENTRY: Final = 8
"""The number of bytes of a pool entry in addition to its key and value."""

_CHARACTER: Final = 12
"""The maximum number of bytes of one character: the two halves of a pair, each as an escape."""


class SplitLimits(NamedTuple):
    """What one submission may contain."""

    bytes: int  #: of the packet as it is sent, in UTF-8 with JSON's escapes
    ops: int = 10_000
    attributes: int = 1_000  #: in its pool


def text_size(text: str) -> int:
    """Returns how many bytes a text takes in JSON, as `dumps` writes it, without the quotation
    marks."""
    size = len(text.encode("utf-8", "surrogatepass"))
    size += sum(map(text.count, '"\\\n\r\t\b\f'))
    size += 5 * len(_CONTROL.findall(text))
    if not text.isascii():
        # So far each counts as three bytes. A pair is one character of four, a half is an escape.
        pairs = len(_PAIR.findall(text))
        size += 3 * (len(_HALF.findall(text)) - 2 * pairs) - 2 * pairs
    return size


def fits(changeset: str, wire_pool: AttributePool, room: SplitLimits) -> bool:
    """Returns whether a changeset with its pool is within `room`."""
    ops = changeset.partition("$")[0]
    if len(wire_pool) > room.attributes or sum(map(ops.count, "+-=")) > room.ops:
        return False
    size = FIXED + text_size(changeset)
    if len(wire_pool):
        size += sum(len(dumps(list(pair)).encode()) + _ENTRY for pair in wire_pool.pairs())
    return size <= room.bytes


def check_attribute(number: int, pool: AttributePool, room: SplitLimits) -> None:
    """Raises `TooLarge` for an attribute that no submission has room for."""
    key, value = pool.get(number)
    if len(key) + len(value) > room.bytes // 8:  # else it fits whatever is in it
        size = FIXED + len(dumps([key, value]).encode()) + _ENTRY + 2 * (_OP + _NUMBER) + _CHARACTER
        if size > room.bytes:
            raise TooLarge(_of_attribute(key, room))


def split(changeset: str, pool: AttributePool, room: SplitLimits) -> list[str]:
    """Returns changesets that do what `changeset` does, one after the other, each within `room`.

    Composed, they are exactly `changeset`, if that is canonical. `changeset` need not be above the
    limit.

    Raises `TooLarge`, or `EasysyncError` for anything that is not a changeset.
    """
    change = unpack(changeset)
    splitter = _Splitter(change.old_len, pool, room)
    position = 0
    removals: list[Op] = []
    inserts: list[tuple[str, list[int]]] = []
    for op in iter_ops(change.ops):
        match op.opcode:
            case "-":
                removals.append(op)
            case "+":
                text = change.bank[position : position + op.chars]
                inserts.append((text, _numbers(op.attribs)))
                position += op.chars
            case _:
                splitter.replace(removals, inserts)
                removals, inserts = [], []
                splitter.keep(op.chars, op.lines, _numbers(op.attribs))
    splitter.replace(removals, inserts)
    return splitter.finish()


def _of_attribute(key: str, room: SplitLimits) -> str:
    return (
        f"the attribute {key[:40]!r} takes more than the {room.bytes} bytes that the server takes "
        "at once"
    )


def _numbers(attribs: str) -> list[int]:
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


class _Splitter:
    def __init__(self, length: int, pool: AttributePool, room: SplitLimits) -> None:
        self._length = length  # the length of the text to which the present piece applies
        self._pool = pool
        self._room = room
        self._place = _Place()
        self._pieces: list[str] = []
        self._last_line: list[int] | None = None
        """The attributes of a newline at the end of what is inserted. It is inserted before the
        text that has to precede it, so that the text after it is always at the start of a line."""
        self._begin()

    def _begin(self) -> None:
        self._out = Assembler()
        self._bank: list[str] = []
        self._known: set[int] = set()
        self._left = self._room.bytes - FIXED
        self._ops_left = self._room.ops
        self._empty = True
        self._out.add("=", self._place.chars, self._place.lines, "")
        self._out.add("=", self._place.tail, 0, "")

    def _flush(self) -> None:
        """Ends the current piece, unless it is empty."""
        if self._empty:
            return
        if self._last_line is not None:
            self._out.add("+", 1, 1, _written(self._last_line))
            self._bank.append("\n")
            self._last_line = None
        ops = self._out.finish()
        length = self._length + self._out.length_change
        self._pieces.append(pack(self._length, length, ops, "".join(self._bank)))
        self._length = length
        self._begin()

    def finish(self) -> list[str]:
        self._flush()
        return self._pieces or [pack(self._length, self._length, "", "")]

    # --- What fits -------------------------------------------------------------------------------

    def _entry(self, number: int) -> int:
        return len(dumps(list(self._pool.get(number))).encode()) + _ENTRY

    def _cost(self, numbers: Sequence[int], *, ops: int = 1) -> int:
        """Returns how many bytes of the current piece this number of ops with these attributes
        would take."""
        new = sum(self._entry(number) for number in set(numbers) - self._known)
        return ops * (_OP + _NUMBER * len(numbers)) + new

    def _fits(self, cost: int, numbers: Sequence[int], *, ops: int = 1) -> bool:
        most = self._room.attributes
        few = not numbers or len(self._known.union(numbers)) <= most
        return cost <= self._left and ops <= self._ops_left and few

    def _first_of(self, numbers: list[int], within: int, *, ops: int = 1) -> int:
        """Returns how many of the attributes fit into `within` bytes of an empty piece. Raises
        `TooLarge` if none does."""
        most = min(len(numbers), self._room.attributes // 2)
        left = within - ops * _OP
        for count, number in enumerate(numbers[:most]):
            left -= self._entry(number) + ops * _NUMBER
            if left < 0:
                if not count:
                    raise TooLarge(_of_attribute(self._pool.get(number)[0], self._room))
                return count
        return most

    def _put(self, opcode: str, chars: int, lines: int, numbers: list[int]) -> None:
        self._left -= self._cost(numbers)
        self._ops_left -= 1
        self._known.update(numbers)
        self._empty = False
        self._out.add(opcode, chars, lines, _written(numbers))

    def _put_text(self, opcode: str, text: str, numbers: list[int]) -> None:
        head = text.rfind("\n") + 1
        if head:
            self._put(opcode, head, text.count("\n"), numbers)
        if head < len(text):
            self._put(opcode, len(text) - head, 0, numbers)
        if opcode == "+":
            self._left -= text_size(text)
            self._bank.append(text)

    # --- The ops ---------------------------------------------------------------------------------

    def keep(self, chars: int, lines: int, numbers: list[int]) -> None:
        rest = numbers
        while rest:
            count = len(rest)
            if not self._fits(self._cost(rest), rest):
                self._flush()
                if not self._fits(self._cost(rest), rest):
                    count = self._first_of(rest, self._left)
            self._put("=", chars, lines, rest[:count])
            rest = rest[count:]
            if rest:
                self._flush()
        if not numbers:
            if not self._fits(self._cost([]), []):
                self._flush()
            self._pass_over(chars, lines)
        self._place.move(chars, lines)

    def replace(self, removals: list[Op], inserts: list[tuple[str, list[int]]]) -> None:
        if not self._fit_all(removals, inserts):
            self._flush()
        whole = self._fit_all(removals, inserts)
        for op in removals:
            self._put("-", op.chars, op.lines, _numbers(op.attribs))
        if not whole and inserts:
            self._insert_in_parts(inserts)
            return
        for text, numbers in inserts:
            self._put_text("+", text, numbers)
            self._place.move_over(text)

    def _fit_all(self, removals: list[Op], inserts: list[tuple[str, list[int]]]) -> bool:
        taken = [_numbers(op.attribs) for op in removals]
        numbers = [number for each in taken for number in each]
        numbers += [number for _, each in inserts for number in each]
        cost = self._cost(numbers) + sum(_OP + _NUMBER * len(each) for each in taken)
        cost += sum(2 * (_OP + _NUMBER * len(each)) + text_size(text) for text, each in inserts)
        return self._fits(cost, numbers, ops=len(removals) + 2 * len(inserts))

    def _insert_in_parts(self, inserts: list[tuple[str, list[int]]]) -> None:
        last_text, last = inserts[-1]
        newline = last_text.endswith("\n") and self._cost(last) + 2 <= self._left // 4
        if newline:
            inserts = [*inserts[:-1], (last_text[:-1], last)]
            self._last_line = last
        first = True
        for text, numbers in inserts:
            rest = text
            while rest:
                part = self._insert_part(rest, numbers, first=first)
                rest = rest[len(part) :]
                first = False
        if not newline:
            return
        if self._last_line is None:  # it has been inserted already
            self._pass_over(1, 1)
        else:
            self._last_line = None
            self._put_text("+", "\n", last)
        self._place.move(1, 1)

    def _insert_part(self, text: str, numbers: list[int], *, first: bool) -> str:
        """Inserts the beginning of `text`, as much as fits, and returns it. Text that is replaced
        is removed together with the `first` part."""
        reserved = self._reserved()
        if not first and not self._fits(
            self._cost(numbers, ops=2) + reserved + _CHARACTER, numbers, ops=3
        ):
            self._flush()
            reserved = self._reserved()
        now, later = numbers, list[int]()
        if not self._fits(self._cost(numbers, ops=2) + reserved + _CHARACTER, numbers, ops=3):
            # Servers refuse an insert without an author, so that attribute is among the first.
            ordered = sorted(numbers, key=lambda number: self._pool.get(number)[0] != "author")
            count = self._first_of(ordered, self._left - reserved - _CHARACTER, ops=2)
            now, later = ordered[:count], ordered[count:]
        part = _beginning(text, self._left - reserved - self._cost(now, ops=2))
        self._put_text("+", part, now)
        while later:
            self._flush()
            count = self._first_of(later, self._left, ops=2)
            self._put_text("=", part, later[:count])
            later = later[count:]
        self._place.move_over(part)
        return part

    def _reserved(self) -> int:
        return self._cost(self._last_line) + 2 if self._last_line is not None else 0

    def _pass_over(self, chars: int, lines: int) -> None:
        self._out.add("=", chars, lines, "")
        if not self._empty:  # else it is where the piece begins
            self._left -= self._cost([])
            self._ops_left -= 1


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
