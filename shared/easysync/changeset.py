"""This module packs and unpacks changesets: `Z:<old length><change of length><ops>$<inserted
text>`."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.base36 import VALUES, numeral
from padfleet.shared.easysync.errors import EasysyncError, shown
from padfleet.shared.easysync.ops import Op, iter_ops

_HEADER: Final = re.compile("Z:([0-9a-z]++)([<>])([0-9a-z]++)")


class Changeset(NamedTuple):
    """The parts of a changeset. The lengths are those of the document, in UTF-16 code units."""

    old_len: int
    new_len: int
    ops: str
    bank: str  #: the inserted text, of all inserts in their order


class Bank:
    """Supplies the text of the inserts. Raises `EasysyncError` if there is not enough of it."""

    __slots__ = ("_position", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def take(self, chars: int) -> str:
        start = self._position
        self.skip(chars)
        return self._text[start : self._position]

    def skip(self, chars: int) -> None:
        end = self._position + chars
        if end > len(self._text):
            raise EasysyncError("the changeset inserts more characters than it holds")
        self._position = end

    def next_char(self) -> str:
        """Returns the next character without consuming it; "" at the end."""
        return self._text[self._position : self._position + 1]


def unpack(cs: str) -> Changeset:
    """Unpacks a changeset. Its ops stay as written and are not checked.

    Raises `EasysyncError` if it does not begin as a changeset does. The new length may be negative:
    it is the announced length, which only `check_rep` checks.
    """
    if not isinstance(cs, str):
        raise EasysyncError(f"a changeset must be a string, not {shown(cs)}")
    header = _HEADER.match(cs)
    if header is None:
        raise EasysyncError(f"not a changeset: {shown(cs)}")
    old_text, sign, change = header.groups()
    before = VALUES[old_text]
    after = before + VALUES[change] if sign == ">" else before - VALUES[change]
    start = header.end()
    end = cs.find("$", start)
    if end < 0:
        return Changeset(before, after, cs[start:], "")
    return Changeset(before, after, cs[start:end], cs[end + 1 :])


def pack(old_len: int, new_len: int, ops: str, bank: str) -> str:
    """Returns the changeset as written; this is the inverse of `unpack`."""
    change = new_len - old_len
    sign, size = (">", change) if change >= 0 else ("<", -change)
    return f"Z:{numeral(old_len)}{sign}{numeral(size)}{ops}${bank}"


def old_len(cs: str) -> int:
    """Returns the length of the text that the changeset applies to, in UTF-16 code units."""
    return unpack(cs).old_len


def new_len(cs: str) -> int:
    """Returns the length of the text that the changeset leads to, in UTF-16 code units."""
    return unpack(cs).new_len


def identity(n: int) -> str:
    """Returns the changeset that changes nothing in a text of `n` code units."""
    return pack(n, n, "", "")


def is_identity(cs: str) -> bool:
    """Returns whether the changeset has no ops. One that merely has no effect is not the
    identity."""
    change = unpack(cs)
    return not change.ops and change.old_len == change.new_len


def check_rep(cs: str) -> str:
    """Returns `cs` if it is well-formed and canonical, and raises `EasysyncError` if not.

    Etherpad's server makes this check on every submission. It knows neither document nor pool:
    newlines kept or removed, and attribute numbers, may still be wrong, and a final keep with
    attributes may reach beyond the end. Applying the changeset finds all of that.
    """
    checked_ops(cs)
    return cs


def checked_ops(cs: str) -> list[Op]:  # noqa: C901
    """Returns the ops of a changeset that passes `check_rep`. Raises what `check_rep` raises."""
    old_length, new_length, ops, bank = unpack(cs)
    out = Assembler()
    old_position = bank_position = result_length = 0
    parsed = iter_ops(ops)
    for op in parsed:
        chars = op.chars
        if op.opcode == "+":
            end = bank_position + chars
            if end > len(bank):
                raise EasysyncError(f"inserts more characters than it holds: {shown(cs)}")
            if bank.count("\n", bank_position, end) != op.lines:
                raise EasysyncError(f"an insert has another number of newlines: {shown(cs)}")
            if op.lines and bank[end - 1] != "\n":
                raise EasysyncError(f"a multi-line insert ends within a line: {shown(cs)}")
            bank_position = end
            result_length += chars
            if result_length > new_length:
                raise EasysyncError(f"leads to more than length {new_length}: {shown(cs)}")
        else:
            old_position += chars
            if op.opcode == "=":
                result_length += chars
            elif old_position > old_length:
                raise EasysyncError(f"removes beyond the end: {shown(cs)}")
        out.add(op.opcode, chars, op.lines, op.attribs)
    result_length += old_length - old_position
    if result_length != new_length:
        raise EasysyncError(f"leads to length {result_length}, not {new_length}: {shown(cs)}")
    if bank_position != len(bank):
        raise EasysyncError(f"holds more characters than it inserts: {shown(cs)}")
    if pack(old_length, new_length, out.finish(), bank) != cs:
        raise EasysyncError(f"not in canonical form: {shown(cs)}")
    return parsed
