"""This module implements Easysync as it is specified, to show what a result should be.

A fleet has a faster way to do each of these: `fast_rebase` for rebasing, `undoing` for inverses,
`markers` for line markers, and `edit_script` on a `Body` in place of lines. None of this module is
imported by a process of a fleet; tests and recorded vectors compare the two, and
`padfleet.easysync` offers it to other programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from padfleet.shared.easysync.assembler import OpRun
from padfleet.shared.easysync.atext import AText, apply_ops
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.changeset import Bank, unpack
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.follow import follow
from padfleet.shared.easysync.markers import LINE_ATTRIBUTES
from padfleet.shared.easysync.ops import Op, iter_ops, side_by_side
from padfleet.shared.easysync.overlay import overlay
from padfleet.shared.easysync.pool import AttributePool
from padfleet.shared.easysync.runs import with_index
from padfleet.shared.easysync.splice import Builder
from padfleet.shared.easysync.undoing import undoing

_LINE: Final = re.compile(r"[^\n]*+\n|[^\n]++")


def rebase(cs: str, later: Iterable[str], pool: AttributePool) -> str:
    """Returns `cs` rebased over all of `later`, the revisions since the one for which it was
    made."""
    for revision in later:
        cs = follow(revision, cs, pool)
    return cs


def inverse(cs: str, text: str, attribs: str, pool: AttributePool) -> str:
    """Returns the changeset that leads from after `cs` back to the document given, the one before
    `cs`.

    An attribute that `cs` sets where there was none is set to "", for which the pool may get new
    attributes. Raises `EasysyncError` if the changeset and the document do not fit each other, or
    text and attributes do not. Costs a pass over the document, which `undoing` does not.
    """
    if sum([op.chars for op in iter_ops(attribs)]) < len(text):
        raise EasysyncError("the document has fewer attributes than text")
    return undoing(cs, Body(AText(text, attribs)), pool)


def correct_line_markers(atext: AText, pool: AttributePool) -> str | None:
    """Returns the changeset that removes the line markers that are not at the start of a line.

    Returns None if there are none. Etherpad applies this after every submission: joining lines and
    pasting leave such markers behind, which clients cannot show.

    A newline with the attributes of a marker stays. Etherpad would count it as a marker, and then
    fail to apply its own correction.
    """
    text = atext.text
    misplaced = [
        at
        for start, end in _marked(atext.attribs, pool)
        for at in range(start, min(end, len(text)))
        if at and text[at - 1] != "\n" and text[at] != "\n"
    ]
    if not misplaced:
        return None
    builder = Builder(len(text))
    position = 0
    for at in misplaced:
        builder.keep_text(text[position:at]).remove(1)
        position = at + 1
    return builder.to_changeset()


# --- Documents as lists of lines, which is how an editor holds them: a line ends with its newline,
# and only the last one of a text may lack it. Lines of attributes cover those of the text.


def split_text_lines(text: str) -> list[str]:
    """Returns the lines of a text, with their newlines."""
    return _LINE.findall(text)


def split_attribution_lines(attribs: str, text: str) -> list[str]:
    """Returns a document's attributes line by line. What follows the last newline is left out.

    Raises `EasysyncError` if attributes and text disagree about where lines end.
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
    """Returns the lines of the text after the changeset, as a new list; `lines` stays as it is.

    Only the lines touched are processed. Raises `EasysyncError` if the changeset does not fit them.
    """
    change = unpack(cs)
    ops = iter_ops(change.ops)
    start, end = _lines_touched(ops, len(lines))
    text = apply_ops(ops, Bank(change.bank), "".join(lines[start:end]))
    return [*lines[:start], *split_text_lines(text), *lines[end:]]


def mutate_attribution_lines(cs: str, lines: Sequence[str], pool: AttributePool) -> list[str]:
    """Returns the lines of attributes after the changeset, as a new list; `lines` stays as it is.

    Raises `EasysyncError` if the changeset does not fit, or would leave a last line without a
    newline.
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
    """Returns which of `count` lines the ops work on. Whole lines kept at the start leave the
    ops."""
    start = 0
    if ops and ops[0].opcode == "=" and ops[0].lines and not ops[0].attribs:
        start = ops.pop(0).lines
    end = start + 1 + sum([op.lines for op in ops if op.opcode != "+"])
    if start > count:
        raise EasysyncError("the changeset keeps more lines than there are")
    return start, min(end, count)


def _inserts_by_line(ops: list[Op], bank: Bank) -> list[Op]:
    """Returns the ops, with each insert cut after every newline in it."""
    cut = []
    for op in ops:
        if op.opcode != "+":
            cut.append(op)
            continue
        for text in split_text_lines(bank.take(op.chars)):
            cut.append(Op("+", len(text), 1 if text.endswith("\n") else 0, op.attribs))
    return cut


def _marked(attribs: str, pool: AttributePool) -> list[tuple[int, int]]:
    """Returns where the runs with line attributes start and end, without reading the others."""
    numbers = pool.numbers_of_keys(LINE_ATTRIBUTES)
    if not numbers:
        return []
    marker = re.compile(rf"\*0*(?:{'|'.join(map(numeral, numbers))})(?![0-9a-z])")
    document = with_index(attribs)
    chars = [run.chars for run in iter_ops(attribs)] if document is None else document.chars
    ends = list(accumulate(chars))
    found: list[tuple[int, int]] = []
    run = counted_to = 0
    last = -1
    for match in marker.finditer(attribs):
        # Each run has one plus sign.
        run += attribs.count("+", counted_to, match.start())
        counted_to = match.start()
        if run != last:
            found.append((ends[run] - chars[run], ends[run]))
            last = run
    return found
