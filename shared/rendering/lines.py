"""This module splits a document into lines: runs of text with their attributes, and the attributes
of the line itself."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from padfleet.shared.easysync import AText, AttributePool, attribs_of, iter_ops

_LIST = re.compile(r"([a-z]+)([0-9]{1,3})")

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "code"})
"""The values of the attribute `heading` that the common plugins use."""

MOST_LEVELS = 16
"""The deepest level of a list. Etherpad's page goes no deeper, and an API caller must not be able
to nest lists without limit."""


class TextRun(NamedTuple):
    text: str
    attribs: dict[str, str]


@dataclass(slots=True)
class TextLine:
    runs: list[TextRun] = field(default_factory=list)  #: without the newline and the marker
    list_type: str = ""  #: bullet, number, indent, …; empty outside lists
    level: int = 0  #: counted from 1; 0 outside lists
    start: int | None = None  #: the number of the first item of a numbered list
    heading: str = ""  #: the tag of the heading, or empty

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def lines_of(atext: AText, pool: AttributePool) -> list[TextLine]:
    """Returns the document's lines. The newline at its very end does not begin another line.

    Raises `EasysyncError` if the attributes do not fit the text or are not in the pool.
    """
    lines = [TextLine()]
    position = 0
    for op in iter_ops(atext.attribs):
        attribs = attribs_of(op.attribs, pool)
        pieces = atext.text[position : position + op.chars].split("\n")
        position += op.chars
        for number, piece in enumerate(pieces):
            if number:
                lines.append(TextLine())
            if piece:
                lines[-1].runs.append(TextRun(piece, attribs))
    for line in lines:
        _read_marker(line)
    return lines[:-1] if atext.text.endswith("\n") else lines


def _read_marker(line: TextLine) -> None:
    """Reads the attributes of the line itself from its first character, an asterisk that is never
    displayed, and removes that character."""
    if not line.runs:
        return
    first = line.runs[0]
    kind, heading = first.attribs.get("list"), first.attribs.get("heading", "")
    if kind is None and "lmkr" not in first.attribs:
        return
    if kind is not None and (found := _LIST.match(kind)) is not None:
        level = min(int(found[2]), MOST_LEVELS)
        if level > 0:
            line.list_type, line.level = found[1], level
    start = first.attribs.get("start", "")
    if start.isascii() and start.isdecimal() and len(start) < 10:
        line.start = int(start)
    if heading in _HEADINGS:
        line.heading = heading
    line.runs[0] = TextRun(first.text[1:], first.attribs)
    if not line.runs[0].text:
        del line.runs[0]
