"""This module indexes a document's attributes, so that an edit need not read all of them.

A document of some age has hundreds of runs of equal attributes, and an edit touches two or three.
The rest can be copied as written, provided that everything is in canonical form and that nothing
would be merged across the cuts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final, NamedTuple

from padfleet.shared.easysync.base36 import VALUES
from padfleet.shared.easysync.errors import EasysyncError, shown
from padfleet.shared.easysync.ops import Op, iter_ops

# A run in canonical form. The last group matches anything else, up to the end.
_RUN: Final = re.compile(
    r"((?:\*[0-9a-z]++)*+)(?:\|([1-9a-z][0-9a-z]*+))?+\+([1-9a-z][0-9a-z]*+)|(.++)", re.DOTALL
)
_DIGITS: Final = re.compile("[0-9a-z]*+")


class IndexedAttribs(str):
    """A document's attribute string in canonical form, with an index of its runs.

    The string itself carries the index, so that the index lives just as long as the document.
    """

    __slots__ = ("chars", "lines")

    chars: list[int]  #: of each run
    lines: list[int]  #: of each run


class RunPart(NamedTuple):
    """The part that an edit can change, `[start, end)` in runs, and what stays as it is written."""

    before: str
    start: int
    runs: list[Op]
    end: int
    after: str


def with_index(attribs: str) -> IndexedAttribs | None:
    """Returns `attribs` with an index, or None if it is not in canonical form.

    Raises `EasysyncError` if it is not a string.
    """
    if isinstance(attribs, IndexedAttribs):
        return attribs
    if not isinstance(attribs, str):
        raise EasysyncError(f"attributes must be a string, not {shown(attribs)}")
    chars, lines = [], []
    last_attribs, last_lines = None, ""
    for run_attribs, run_lines, run_chars, rest in _RUN.findall(attribs):
        # Equal attributes twice in a row are allowed only as whole lines and what follows them.
        if rest or (run_attribs == last_attribs and (run_lines or not last_lines)):
            return None
        last_attribs, last_lines = run_attribs, run_lines
        chars.append(VALUES[run_chars])
        lines.append(VALUES[run_lines] if run_lines else 0)
    return _indexed(attribs, chars, lines)


def cut_out(attribs: IndexedAttribs, kept: int, reach: int) -> RunPart:
    """Returns the part that can be changed by an edit which leaves the first `kept` code units
    alone and touches none from `reach` on.

    It begins one run before the one with the last character that is kept, and ends one run after
    the one with the first that is not touched. Since at most two runs in a row have equal
    attributes, the edit merges nothing with what is outside.
    """
    ends = list(accumulate(attribs.chars))
    count = len(ends)
    start = max(0, min(bisect_right(ends, kept - 1), count - 1) - 1) if kept else 0
    end = min(bisect_right(ends, reach) + 2, count)
    cut = _end_of_runs(attribs, 0, start)
    second_cut = _end_of_runs(attribs, cut, end - start)
    return RunPart(
        attribs[:cut], start, iter_ops(attribs[cut:second_cut]), end, attribs[second_cut:]
    )


def put_back(attribs: IndexedAttribs, part: RunPart, changed: str) -> str:
    """Returns the attributes with the part replaced by `changed`, which is in canonical form."""
    result = part.before + changed + part.after
    runs = iter_ops(changed)
    if any(run.opcode != "+" for run in runs):
        return result
    chars, lines = attribs.chars, attribs.lines
    return _indexed(
        result,
        [*chars[: part.start], *[run.chars for run in runs], *chars[part.end :]],
        [*lines[: part.start], *[run.lines for run in runs], *lines[part.end :]],
    )


def _indexed(attribs: str, chars: list[int], lines: list[int]) -> IndexedAttribs:
    indexed = IndexedAttribs(attribs)
    indexed.chars, indexed.lines = chars, lines
    return indexed


def _end_of_runs(attribs: str, position: int, count: int) -> int:
    """Returns where the `count` runs end that are written from `position` on."""
    if not count:
        return position
    # Each run has one plus sign, followed by its digits.
    rest = attribs[position:].split("+", count)[count]
    digits = len(attribs) - len(rest)
    match = _DIGITS.match(attribs, digits)
    return match.end() if match else digits
