"""This module parses and writes the ops of which changesets and attribute strings consist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import methodcaller
from typing import Final

from padfleet.shared.easysync.base36 import VALUES, numeral
from padfleet.shared.easysync.errors import EasysyncError, shown

# Between ops, JavaScript's line ends are skipped, as Etherpad's regular expression does.
_LINE_ENDS: Final = "\n\r\u2028\u2029"

# The last group matches anything that is not an op, up to the end, so that there is a single
# failure, found in linear time.
_OP: Final = re.compile(
    rf"(?:[{_LINE_ENDS}]++(?=[*|=+-]))?+"
    r"(?:((?:\*[0-9a-z]++)*+)(?:\|([0-9a-z]++))?+([-+=])([0-9a-z]++)|(.++))",
    re.DOTALL,
)


_PARTS: Final = methodcaller("groups", "")

AT_ONCE: Final = 50_000
"""How many characters are parsed in one call, which is quicker than several, but lets no other
thread run meanwhile: 2 ms."""


class Op:
    """`chars` code units to keep, insert or remove, with `lines` newlines among them.

    An op with `lines` ends with a newline. `attribs` is an attribute string such as `*0*1a`. An op
    with the opcode "" does nothing: it has been used up, or never was a real op.
    """

    __slots__ = ("attribs", "chars", "lines", "opcode")

    def __init__(self, opcode: str = "", chars: int = 0, lines: int = 0, attribs: str = "") -> None:
        self.opcode = opcode
        self.chars = chars
        self.lines = lines
        self.attribs = attribs

    def __str__(self) -> str:
        return op_text(self.opcode, self.chars, self.lines, self.attribs)

    def __repr__(self) -> str:
        return f"Op({self.opcode!r}, {self.chars}, {self.lines}, {shown(self.attribs)})"


NO_OP: Final = Op()


def op_text(opcode: str, chars: int, lines: int, attribs: str) -> str:
    """Returns an op as it is written. Raises `EasysyncError` for negative counts."""
    if lines:
        return f"{attribs}|{numeral(lines)}{opcode}{numeral(chars)}"
    return f"{attribs}{opcode}{numeral(chars)}"


def iter_ops(ops: str) -> list[Op]:
    """Returns the ops in the ops part of a changeset or in an attribute string, each a new object.

    Raises `EasysyncError` if there is anything else in it, except for stray newlines between ops:
    these are skipped here, and refused by `check_rep` as not canonical.
    """
    if not isinstance(ops, str):
        raise EasysyncError(f"ops must be a string, not {shown(ops)}")
    values = VALUES
    parsed = []
    for attribs, lines, opcode, chars, rest in (
        _OP.findall(ops) if len(ops) <= AT_ONCE else map(_PARTS, _OP.finditer(ops))
    ):
        if rest:
            if rest.strip(_LINE_ENDS):
                raise EasysyncError(f"not an op: {shown(rest)}")
            break
        parsed.append(Op(opcode, values[chars], values[lines] if lines else 0, attribs))
    return parsed


def side_by_side(first: list[Op], second: list[Op]) -> Iterator[tuple[Op, Op]]:
    """Walks along two sequences of ops, until both are used up.

    Yields the current op of each, or `NO_OP` past its end. The caller consumes from one of them or
    from both, and sets the opcode of an op that is used up to "".
    """
    rest_of_first, rest_of_second = iter(first), iter(second)
    a = next(rest_of_first, NO_OP)
    b = next(rest_of_second, NO_OP)
    while a.opcode or b.opcode:
        yield a, b
        if not a.opcode:
            a = next(rest_of_first, NO_OP)
        if not b.opcode:
            b = next(rest_of_second, NO_OP)


def consume(a: Op, b: Op) -> tuple[int, int]:
    """Subtracts the length of the shorter op from both. Returns the chars and lines subtracted.

    The line count is that of the shorter one, and of `a` if both are equally long: it matters only
    when they disagree, which is noticed where the result is applied.
    """
    short, other = (a, b) if a.chars <= b.chars else (b, a)
    chars, lines = short.chars, short.lines
    short.opcode = ""
    other.chars -= chars
    other.lines -= lines
    if not other.chars:
        other.opcode = ""
    return chars, lines
