"""Documents as lists of lines, which is how an editor holds them.

A line ends with its newline; only the last line of a text may lack one. Lines of attributes cover
the lines of the text one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from padfleet.shared.easysync.assembler import OpRun
from padfleet.shared.easysync.atext import apply_ops
from padfleet.shared.easysync.changeset import Bank, unpack
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.ops import Op, iter_ops, side_by_side
from padfleet.shared.easysync.overlay import overlay
from padfleet.shared.easysync.pool import AttributePool

_LINE: Final = re.compile(r"[^\n]*+\n|[^\n]++")


def split_text_lines(text: str) -> list[str]:
    """The lines of a text, with their newlines."""
    return _LINE.findall(text)


def split_attribution_lines(attribs: str, text: str) -> list[str]:
    """A document's attributes line by line. What follows the last newline is left out.

    `EasysyncError` when attributes and text disagree about where lines end.
    """
    lines = []
    line = OpRun("+")
    position = 0
    for op in iter_ops(attribs):
        end = position + op.chars
        for _ in range(op.lines - 1):
            line_end = text.find("\n", position, end) + 1
            if line_end in (0, end):
                raise EasysyncError(f"the text has fewer newlines than its attributes, at {op!r}")
            line.add(line_end - position, 1, op.attribs)
            lines.append(line.take())
            position = line_end
        line.add(end - position, 1 if op.lines else 0, op.attribs)
        if op.lines:
            lines.append(line.take())
        position = end
    return lines


def mutate_text_lines(cs: str, lines: Sequence[str]) -> list[str]:
    """The lines of the text after the changeset, as a new list; `lines` stays as it is.

    Work is done on the lines touched only. `EasysyncError` when the changeset does not fit them.
    """
    change = unpack(cs)
    ops = iter_ops(change.ops)
    start, end = _lines_touched(ops, len(lines))
    text = apply_ops(ops, Bank(change.bank), "".join(lines[start:end]))
    return [*lines[:start], *split_text_lines(text), *lines[end:]]


def mutate_attribution_lines(cs: str, lines: Sequence[str], pool: AttributePool) -> list[str]:
    """The lines of attributes after the changeset, as a new list; `lines` stays as it is.

    `EasysyncError` when the changeset does not fit, or would leave a last line without a newline.
    """
    change = unpack(cs)
    ops = iter_ops(change.ops)
    start, end = _lines_touched(ops, len(lines))
    runs = iter_ops("".join(lines[start:end]))
    result = [*lines[:start]]
    line = OpRun("+")
    for run, op in side_by_side(runs, _inserts_by_line(ops, Bank(change.bank))):
        piece = overlay(run, op, pool)
        if piece is None:
            continue
        opcode, chars, newlines, attribs = piece
        if opcode != "+" or newlines > 1:
            raise EasysyncError("the changeset does not fit the lines")
        line.add(chars, newlines, attribs)
        if newlines:
            result.append(line.take())
    if line.take():
        raise EasysyncError("the changeset leaves a last line without a newline")
    result += lines[end:]
    return result


def _lines_touched(ops: list[Op], count: int) -> tuple[int, int]:
    """Which of `count` lines the ops work on. Whole lines kept at the start leave the ops."""
    start = 0
    if ops and ops[0].opcode == "=" and ops[0].lines and not ops[0].attribs:
        start = ops.pop(0).lines
    end = start + 1 + sum([op.lines for op in ops if op.opcode != "+"])
    if start > count:
        raise EasysyncError("the changeset keeps more lines than there are")
    return start, min(end, count)


def _inserts_by_line(ops: list[Op], bank: Bank) -> list[Op]:
    """The ops, with each insert cut after every newline in it."""
    cut = []
    for op in ops:
        if op.opcode != "+":
            cut.append(op)
            continue
        for text in split_text_lines(bank.take(op.chars)):
            cut.append(Op("+", len(text), 1 if text.endswith("\n") else 0, op.attribs))
    return cut
