"""This module holds a document that is edited in place, at a cost that does not grow with its
length.

The text and its attributes are held in blocks of about a thousand code units. An edit rewrites the
blocks that it touches, and a position is found through sums over the blocks. `AText` is what the
rest of the code sees; it is assembled on request.
"""

from __future__ import annotations

from sys import intern
from typing import Final

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.atext import AText
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.fenwick import FenwickTree, Found
from padfleet.shared.easysync.ops import iter_ops

Span = tuple[str, int]
"""An attribute string, and for how many code units it holds."""

BLOCK_UNITS: Final = 1024
"""A block of twice this size is split. Shorter blocks mean more sums, longer ones more copying."""

BLOCK_SPANS: Final = 32
"""The maximum number of spans of a block. They are scanned one by one, which costs more than
copying text."""

REMEMBERED: Final = 64
"""How many positions found since the last edit are remembered: few, so that a thousand ops cost no
memory."""


class _Block:
    __slots__ = ("newlines", "spans", "text")

    def __init__(self, text: str, spans: list[Span]) -> None:
        self.text = text
        self.spans = spans
        self.newlines = text.count("\n")


class Body:
    """A text and its attributes. Positions and lengths count code units.

    Positions must be within the text; nothing else is checked, so that a change to a body has to be
    known to fit it (see `edit_script`).
    """

    __slots__ = ("_blocks", "_found", "_tally", "units")

    def __init__(self, atext: AText) -> None:
        """Takes a document. Raises `EasysyncError` if its attributes are malformed or do not cover
        the text."""
        spans: list[Span] = []
        for op in iter_ops(atext.attribs):
            if op.opcode != "+":
                raise EasysyncError(f"{op!r} among the attributes of a document")
            _append(spans, intern(op.attribs), op.chars)
        self.units = len(atext.text)
        covered = sum([chars for _, chars in spans])
        if covered != self.units:
            raise EasysyncError(f"the attributes cover {covered} units, the text has {self.units}")
        self._set_blocks(_cut(atext.text, spans))

    @property
    def spans(self) -> int:
        """The approximate number of runs of equal attributes."""
        return sum([len(block.spans) for block in self._blocks])

    @property
    def ends_a_line(self) -> bool:
        """Whether the text ends with a newline."""
        return self._blocks[-1].text.endswith("\n")

    def newlines_before(self, position: int) -> int:
        index, units, newlines = self._find(position)
        return newlines + self._blocks[index].text.count("\n", 0, position - units)

    def line_start(self, position: int) -> int:
        """Returns the position after the last newline before `position`, or 0 if there is none."""
        index, units, newlines = self._find(position)
        at = self._blocks[index].text.rfind("\n", 0, position - units)
        if at < 0 and newlines:
            index, units = self._tally.find_newline(newlines)
            at = self._blocks[index].text.rfind("\n")
        return units + at + 1 if at >= 0 else 0

    def text_between(self, start: int, end: int) -> str:
        index, units, _ = self._find(start)
        text = self._blocks[index].text[start - units : end - units]
        missing = end - start - len(text)
        if not missing:
            return text
        pieces = [text]
        while missing:
            index += 1
            pieces.append(self._blocks[index].text[:missing])
            missing -= len(pieces[-1])
        return "".join(pieces)

    def spans_between(self, start: int, end: int) -> list[Span]:
        """Returns the spans of `[start, end)`. Neighbours with equal attributes are merged, even
        across blocks."""
        index, units, _ = self._find(start)
        spans: list[Span] = []
        skip, missing = start - units, end - start
        while missing:
            for attribs, chars in self._blocks[index].spans:
                if chars <= skip:
                    skip -= chars
                    continue
                chars = min(chars - skip, missing)
                skip = 0
                _append(spans, attribs, chars)
                missing -= chars
                if not missing:
                    break
            index += 1
        return spans

    def add_op(self, out: Assembler, opcode: str, start: int, end: int, attribs: str = "") -> None:
        """Adds an op that keeps or removes `[start, end)`, cut after its last newline."""
        line = self.line_start(end)
        if line > start:
            newlines = self.newlines_before(end) - self.newlines_before(start)
            out.add(opcode, line - start, newlines, attribs)
            start = line
        out.add(opcode, end - start, 0, attribs)

    def replace(self, start: int, end: int, text: str, spans: list[Span]) -> None:
        """Replaces `[start, end)` with `text`. `spans` are the attributes of `text`."""
        first = self._find(start)
        block = self._blocks[first.block]
        offset = start - first.units
        last = first.block
        length = len(block.text)
        while first.units + length < end:
            last += 1
            length += len(self._blocks[last].text)
        self._found.clear()
        self.units += len(text) - (end - start)
        if last == first.block:
            newlines = block.newlines
            block.text = block.text[:offset] + text + block.text[end - first.units :]
            _put(block.spans, offset, end - first.units, spans)
            block.newlines = block.text.count("\n")
            length = len(block.text)
            if 0 < length <= 2 * BLOCK_UNITS and len(block.spans) <= 2 * BLOCK_SPANS:
                self._tally.add(first.block, len(text) - (end - start), block.newlines - newlines)
                return
            changed, covering = block.text, block.spans
        else:
            between = self._blocks[first.block : last + 1]
            changed = "".join([each.text for each in between])
            changed = changed[:offset] + text + changed[end - first.units :]
            covering = [span for each in between for span in each.spans]
            _put(covering, offset, end - first.units, spans)
        self._recut(first.block, last, changed, covering)

    def to_atext(self) -> AText:
        """Returns the document, its attributes in canonical form. This costs a pass over all of
        it."""
        text = "".join([block.text for block in self._blocks])
        written = []
        start = 0
        for attribs, chars in self.spans_between(0, self.units):
            end = start + chars
            head = text.rfind("\n", start, end) + 1
            if head:
                newlines = numeral(text.count("\n", start, head))
                written.append(f"{attribs}|{newlines}+{numeral(head - start)}")
                start = head
            if start < end:
                written.append(f"{attribs}+{numeral(end - start)}")
            start = end
        return AText(text, "".join(written))

    def _find(self, position: int) -> Found:
        # One submission asks for the same two or three positions repeatedly.
        found = self._found.get(position)
        if found is None:
            if len(self._found) == REMEMBERED:
                self._found.clear()
            found = self._found[position] = self._tally.find(position)
        return found

    def _recut(self, first: int, last: int, text: str, spans: list[Span]) -> None:
        """Replaces some blocks with new ones; a short remainder is merged into its neighbour."""
        if len(text) < BLOCK_UNITS // 4 and last + 1 < len(self._blocks):
            last += 1
            text += self._blocks[last].text
            spans = [*spans]
            for attribs, chars in self._blocks[last].spans:
                _append(spans, attribs, chars)
        blocks = [*self._blocks]
        blocks[first : last + 1] = _cut(text, spans)
        self._set_blocks(blocks)

    def _set_blocks(self, blocks: list[_Block]) -> None:
        self._blocks = blocks = blocks or [_Block("", [])]
        self._tally = FenwickTree([len(b.text) for b in blocks], [b.newlines for b in blocks])
        self._found: dict[int, Found] = {}


def joined(spans: list[Span]) -> list[Span]:
    """Returns the spans with equal neighbours merged."""
    result: list[Span] = []
    for attribs, chars in spans:
        _append(result, attribs, chars)
    return result


def _append(spans: list[Span], attribs: str, chars: int) -> None:
    if spans and spans[-1][0] == attribs:
        chars += spans.pop()[1]
    if chars:
        spans.append((attribs, chars))


def _put(spans: list[Span], start: int, end: int, new: list[Span]) -> None:
    """Replaces the spans of `[start, end)` with `new`, and merges equal neighbours."""
    count = len(spans)
    at = first = 0  # `first` is the span that contains `start`, or ends at it
    while first < count and at + spans[first][1] < start:
        at += spans[first][1]
        first += 1
    pieces: list[Span] = []
    if start > at:
        pieces.append((spans[first][0], start - at))
    for attribs, chars in new:
        _append(pieces, attribs, chars)
    last = first
    while last < count:
        attribs, chars = spans[last]
        at += chars
        last += 1
        if at > end:
            _append(pieces, attribs, at - end)
            break
    spans[first:last] = pieces


def _cut(text: str, spans: list[Span]) -> list[_Block]:
    blocks: list[_Block] = []
    mine: list[Span] = []
    start = length = 0
    for attribs, chars in spans:
        while chars:
            taken = min(chars, BLOCK_UNITS - length)
            mine.append((attribs, taken))
            chars -= taken
            length += taken
            if length == BLOCK_UNITS or len(mine) == BLOCK_SPANS:
                blocks.append(_Block(text[start : start + length], mine))
                start += length
                length, mine = 0, []
    if mine:
        blocks.append(_Block(text[start:], mine))
    return blocks
