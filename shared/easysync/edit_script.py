"""This module works out what a changeset does to a body before anything is changed."""

from __future__ import annotations

from typing import Final, NamedTuple

from padfleet.shared.easysync.attributes import compose_attribs
from padfleet.shared.easysync.body import Body, Span, joined
from padfleet.shared.easysync.changeset import Bank, Changeset
from padfleet.shared.easysync.effort import Effort
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.follow import insert_rank
from padfleet.shared.easysync.ops import iter_ops
from padfleet.shared.easysync.pool import AttributePool

NO_RANK: Final = -1

REMOVED_KEPT: Final = 1000
"""The longest removal, in code units, whose text is kept, for edits that were made within it."""


UNITS_EACH: Final = 8
"""How many code units of removed or marked text count as one operation, since each unit may have
different attributes."""


class Patch(NamedTuple):
    """A replacement for `[start, end)` of the document."""

    start: int
    end: int
    text: str
    spans: list[Span]


class Splice(NamedTuple):
    """Text that is removed, and text that is inserted in its place.

    `start` counts in the document to which the splices before this one have been applied.
    """

    start: int
    end: int
    shift: int  #: by how much the text grows
    newlines: int  #: by how many newlines it grows
    rank: int  #: of the inserted text, see `insert_rank`; `NO_RANK` if it has several or none
    removed: str | None  #: None if it is too long to be kept


class EditScript:
    """The patches of a changeset, in their order. Some text is kept between any two of them."""

    __slots__ = ("_body", "even", "patches", "splices")

    def __init__(
        self, body: Body, patches: list[Patch], splices: list[Splice], *, even: bool
    ) -> None:
        self._body = body
        self.patches = patches
        self.splices = splices
        self.even = even
        """Whether each op with newlines ends with one. Otherwise the changeset can be applied, but
        when others are followed over it, it affects them in ways that its patches do not show."""

    def change_nothing(self) -> bool:
        """Returns whether the document would stay the same, text and attributes."""
        if sum([splice.shift for splice in self.splices]):
            return False
        shifted = [patch for patch in self.patches if len(patch.text) != patch.end - patch.start]
        if not shifted:
            return all(self._is_there(patch) for patch in self.patches)
        # Text that moves among equal text may come out the same, such as "aa" after the first is
        # removed and another one inserted after the second.
        start, end = self.patches[0].start, self.patches[-1].end
        text, spans = [], list[Span]()
        position = start
        for patch in self.patches:
            text += [self._body.text_between(position, patch.start), patch.text]
            spans += self._body.spans_between(position, patch.start) + patch.spans
            position = patch.end
        return self._is_there(Patch(start, end, "".join(text), spans))

    def keep_final_newline(self) -> bool:
        """Returns whether the text still ends with a newline afterwards."""
        last = self.patches[-1] if self.patches else None
        if last is None or last.end < self._body.units:
            return self._body.ends_a_line
        if last.text:
            return last.text.endswith("\n")
        return self._body.text_between(max(last.start - 1, 0), last.start) == "\n"

    def places(self) -> list[tuple[int, int]]:
        """Returns where, in the document afterwards, a character or the one before it may differ.
        The places are in order, and distinct."""
        places = []
        moved = 0
        for patch in self.patches:
            start = patch.start + moved
            moved += len(patch.text) - (patch.end - patch.start)
            places.append((start, min(patch.end + moved + 1, self._body.units)))
        return places

    def apply(self) -> None:
        """Applies the script. The body must be unchanged; this cannot fail half-way."""
        for patch in reversed(self.patches):  # so that positions still hold
            self._body.replace(*patch)

    def _is_there(self, patch: Patch) -> bool:
        start, end, text, spans = patch
        return self._body.text_between(start, end) == text and (
            self._body.spans_between(start, end) == joined(spans)
        )


def patches_of(  # noqa: C901
    change: Changeset, body: Body, pool: AttributePool, effort: Effort | None = None
) -> EditScript:
    """Returns what the changeset, whose ops are in canonical order, does to the body.

    Raises `EasysyncError` where `apply_to_atext` does: if it is for a text of another length,
    newlines are not where it says, or it sets attributes that are not in the pool. Raises
    `TooMuchWork` if it removes or marks more text than `effort` has left.
    """
    if change.old_len != body.units:
        raise EasysyncError(
            f"the changeset is for length {change.old_len}, the text has {body.units}"
        )
    bank = Bank(change.bank)
    draft = _ScriptDraft()
    position = 0
    even = True
    for op in iter_ops(change.ops):
        chars, attribs = op.chars, op.attribs
        end = position if op.opcode == "+" else position + chars
        if end > body.units:
            raise EasysyncError(f"{op!r} reaches beyond the end of the text")
        if effort is not None and chars >= UNITS_EACH and (op.opcode == "-" or attribs):
            effort.spend(chars // UNITS_EACH)
        if op.opcode == "+":
            text = bank.take(chars)
            newlines = text.count("\n")
            if chars:
                draft.insert(position, text, newlines, attribs, pool)
        elif op.opcode == "-":
            text = body.text_between(position, end)
            newlines = text.count("\n")
            draft.remove(position, text, newlines)
        elif attribs:
            text = body.text_between(position, end)
            newlines = text.count("\n")
            spans = [
                (compose_attribs(had, attribs, pool, of_text=True), count)
                for had, count in body.spans_between(position, end)
            ]
            draft.mark(position, text, spans)
        else:
            newlines = body.newlines_before(end) - body.newlines_before(position)
            if chars:
                draft.end_patch()
        if newlines != op.lines:
            raise EasysyncError(f"{op!r} is on {newlines} newlines")
        if newlines and not (
            text.endswith("\n") if op.opcode != "=" or attribs else body.line_start(end) == end
        ):
            even = False
        position = end
    draft.end_patch()
    return EditScript(body, draft.patches, draft.splices, even=even)


class _ScriptDraft:
    """The patch and the splice that are being made, and those that are finished.

    Marking ends a splice, since the text stays; only what is kept as it is ends a patch.
    """

    __slots__ = (
        "_at",
        "_end",
        "_inserted",
        "_moved",
        "_newlines",
        "_rank",
        "_removed",
        "_spans",
        "_start",
        "_tail_of",
        "_text",
        "patches",
        "splices",
    )

    def __init__(self) -> None:
        self.patches: list[Patch] = []
        self.splices: list[Splice] = []
        self._start = self._at = -1  # -1 while none has begun
        self._end = 0  # of the patch
        self._moved = 0  # what the finished splices add to positions
        self._text: list[str] = []
        self._spans: list[Span] = []
        self._removed: list[str] = []
        self._inserted = self._newlines = 0
        self._rank = NO_RANK
        self._tail_of: str | None = None

    def insert(
        self, position: int, text: str, newlines: int, attribs: str, pool: AttributePool
    ) -> None:
        self._begin_splice(position)
        self._text.append(text)
        self._spans.append((attribs, len(text)))
        if not self._inserted:
            self._rank = insert_rank(attribs, text[0], pool)
            self._tail_of = attribs if newlines else None
        elif attribs == self._tail_of and not newlines:
            # What follows the last newline of a text is a separate op. Its rank is never higher
            # than that of the lines before it, so the two stay together.
            self._tail_of = None
        else:
            self._rank = NO_RANK
        self._inserted += len(text)
        self._newlines += newlines

    def remove(self, position: int, text: str, newlines: int) -> None:
        self._begin_splice(position)
        self._removed.append(text)
        self._newlines -= newlines
        self._end = position + len(text)

    def mark(self, position: int, text: str, spans: list[Span]) -> None:
        self._end_splice()
        self._begin_patch(position)
        self._text.append(text)
        self._spans += spans
        self._end = position + len(text)

    def end_patch(self) -> None:
        self._end_splice()
        if self._start >= 0:
            text = "".join(self._text)
            self.patches.append(Patch(self._start, self._end, text, self._spans))
            self._start = -1
            self._text, self._spans = [], []

    def _begin_patch(self, position: int) -> None:
        if self._start < 0:
            self._start = self._end = position

    def _begin_splice(self, position: int) -> None:
        self._begin_patch(position)
        if self._at < 0:
            self._at = position + self._moved

    def _end_splice(self) -> None:
        if self._at < 0:
            return
        removed = "".join(self._removed)
        end, shift = self._at + len(removed), self._inserted - len(removed)
        kept = removed if len(removed) <= REMOVED_KEPT else None
        splice = Splice(self._at, end, shift, self._newlines, self._rank, kept)
        self.splices.append(splice)
        self._moved += shift
        self._at, self._removed = -1, []
        self._inserted = self._newlines = 0
        self._rank, self._tail_of = NO_RANK, None
