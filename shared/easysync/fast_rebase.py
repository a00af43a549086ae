"""This module rebases over many revisions at once, with exactly the result of following each in
turn.

A changeset is split into edits at absolute positions. A later revision is usually one small splice,
which only shifts edits elsewhere. Only where they touch is the revision followed in full.

Lines take no part in this: they decide nothing in `follow`, so they are counted once, at the end,
in the text as it then is. That is correct for a changeset that fits the text for which it was made,
and for no other: following carries wrong counts along, or corrects some of them. Therefore what the
changeset says about newlines is kept as claims, which move with the edits. If a claim does not hold
in the end, or this cannot be decided, each revision is followed in turn after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import maxsize
from typing import Final

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.changeset import Bank, pack, unpack
from padfleet.shared.easysync.edit_script import NO_RANK, Splice
from padfleet.shared.easysync.effort import EACH_FOLLOWED, Effort, count_ops
from padfleet.shared.easysync.follow import follow, follow_ops, insert_rank
from padfleet.shared.easysync.ops import NO_OP, Op, iter_ops
from padfleet.shared.easysync.pool import AttributePool
from padfleet.shared.easysync.steps import NOWHERE, EditStep

_NO_REACH: Final = (NOWHERE, -1, NO_RANK)


def rebase_over(
    cs: str,
    steps: Sequence[EditStep],
    body: Body,
    pool: AttributePool,
    effort: Effort | None = None,
) -> str:
    """Returns `cs` rebased over all the revisions, which lead from the document for which it was
    made to `body`.

    The result, errors included, is that of `rebase` over their changesets. `cs` must have passed
    `check_rep`. Raises `TooMuchWork` if more has to be processed than `effort` has left; attributes
    may have been added to the pool by then.
    """
    if not steps:
        return cs
    effort = effort or Effort(maxsize)
    change = unpack(cs)
    if change.old_len == unpack(steps[0].changeset).old_len:
        try:
            pending = _Pending(iter_ops(change.ops), change.bank, pool, effort)
            pending.move_over(steps)
            return pending.written(body)
        except _Unclear:
            pass
    for step in steps:
        cs = follow_at(effort, step.changeset, cs, pool)
    return cs


def follow_at(effort: Effort, a: str, b: str, pool: AttributePool) -> str:
    """Does what `follow` does, at the expense of `effort`: all operations of both changesets are
    processed. Raises `TooMuchWork`."""
    effort.spend(count_ops(a) + count_ops(b) + EACH_FOLLOWED)
    return follow(a, b, pool)


class _Unclear(Exception):
    """A claim does not hold, or it cannot be decided whether it holds."""


class _Edit:
    """An op other than a plain keep, on `[start, end)`; an insert is at `start` = `end`."""

    __slots__ = ("attribs", "chars", "end", "opcode", "start")

    def __init__(self, op: Op, start: int, end: int) -> None:
        self.opcode, self.attribs, self.chars = op.opcode, op.attribs, op.chars
        self.start, self.end = start, end


class _Claim:
    """A claim that `newlines` newlines precede a position and, with `ends_line`, that one ends
    right there."""

    __slots__ = ("ends_line", "newlines", "position")

    def __init__(self, position: int, newlines: int, ends_line: bool) -> None:
        self.position, self.newlines, self.ends_line = position, newlines, ends_line


def _move_claims(claims: list[_Claim], splices: Sequence[Splice]) -> None:
    """Moves the claims over a revision. Both are in order, so that each is looked at once."""
    # `ahead`: the index of the first splice that does not precede the claim
    ahead, count = 0, len(splices)
    shift = newlines = 0  # of the splices that precede it
    for claim in claims:
        claim.position += shift
        claim.newlines += newlines
        while ahead < count:
            splice = splices[ahead]
            if claim.position <= splice.start:
                break
            if claim.position <= splice.end:
                if splice.removed is None:
                    raise _Unclear
                # It no longer matters whether a line ended here: what is left of the op is cut
                # again at its last newline before `start`, both when following and here.
                claim.ends_line = False
                inside = claim.position - splice.start
                claim.newlines -= splice.removed.count("\n", 0, inside)
                claim.position = splice.start
                break
            claim.position += splice.shift
            claim.newlines += splice.newlines
            shift += splice.shift
            newlines += splice.newlines
            ahead += 1


class _Pending:
    """A changeset that is being moved over later revisions."""

    def __init__(self, ops: list[Op], bank: str, pool: AttributePool, effort: Effort) -> None:
        self._bank = bank
        self._pool = pool
        self._effort = effort
        self._claims: list[_Claim] = []
        position = newlines = 0
        before = NO_OP
        for op in ops:
            if (op.opcode, op.attribs) == (before.opcode, before.attribs) and (
                op.lines or not before.lines
            ):
                # They are not merged yet, as happens when two numbers turn out to be the same
                # attribute. Whether something comes between them is a question for `follow`.
                raise _Unclear
            before = op
            if op.opcode != "+":
                position += op.chars
                newlines += op.lines
                self._claims.append(_Claim(position, newlines, op.lines > 0))
        self._set_edits(ops)

    def move_over(self, steps: Sequence[EditStep]) -> None:
        """Moves over one revision after the other."""
        low, high, own_rank = self._reach()
        moved = moved_lines = 0  # of everything here, and not noted there yet
        for step in steps:
            # Nearly all the time is spent in these few lines.
            start, end, shift, newlines, rank, _, _ = step
            if start > high:
                continue
            if end < low:
                low += shift
                high += shift
                moved += shift
                moved_lines += newlines
                continue
            if start == high and own_rank >= rank != NO_RANK:
                # There are two inserts at one place, and the other one comes first. Claims stay
                # before it.
                high += shift
                if not self._claims:
                    low = high
                continue
            self._note(moved, moved_lines)
            if own_rank != NO_RANK:
                self._edits[0].start = self._edits[0].end = high
            self._meet(step)
            moved = moved_lines = 0
            low, high, own_rank = self._reach()
        self._note(moved, moved_lines)
        if own_rank != NO_RANK:
            self._edits[0].start = self._edits[0].end = high

    def written(self, body: Body) -> str:
        """Returns the changeset for the document that it has arrived at."""
        for claim in self._claims:
            at = claim.position
            if at > body.units or body.newlines_before(at) != claim.newlines:
                raise _Unclear
            if claim.ends_line and body.line_start(at) != at:
                raise _Unclear
        out = Assembler()
        position = taken = 0
        for edit in self._edits:
            body.add_op(out, "=", position, edit.start)
            position = edit.end
            if edit.opcode == "+":
                out.add_text("+", self._bank[taken : taken + edit.chars], edit.attribs)
                taken += edit.chars
            else:
                body.add_op(out, edit.opcode, edit.start, edit.end, edit.attribs)
        ops = out.finish()
        return pack(body.units, body.units + out.length_change, ops, self._bank)

    def _set_edits(self, ops: list[Op]) -> None:
        self._edits: list[_Edit] = []
        position = 0
        for op in ops:
            end = position if op.opcode == "+" else position + op.chars
            if op.opcode != "=" or op.attribs:
                self._edits.append(_Edit(op, position, end))
            position = end
        # Most submissions consist of one text only. The line after its last newline is a separate
        # op, which ranks no higher than the lines before it, so they stay together.
        self._rank = NO_RANK
        first = self._edits[0] if self._edits else None
        if first is not None and all(
            edit.opcode == "+" and edit.start == first.start and edit.attribs == first.attribs
            for edit in self._edits
        ):
            first.chars = len(self._bank)
            del self._edits[1:]
            self._rank = insert_rank(first.attribs, self._bank[0], self._pool)

    def _reach(self) -> tuple[int, int, int]:
        """Returns the first and the last position that a revision could meet, and the rank of the
        insert if there is only one and it is the last of them."""
        claims, edits = self._claims, self._edits
        if not edits:
            # Both are in the order of their positions, and moving keeps them in it.
            return (claims[0].position, claims[-1].position, NO_RANK) if claims else _NO_REACH
        low, high = edits[0].start, edits[-1].end
        if claims:
            low, high = min(low, claims[0].position), max(high, claims[-1].position)
        return low, high, self._rank if edits[0].start == high else NO_RANK

    def _note(self, moved: int, moved_lines: int) -> None:
        if moved or moved_lines:
            for claim in self._claims:
                claim.position += moved
                claim.newlines += moved_lines
            for edit in self._edits:
                edit.start += moved
                edit.end += moved

    def _meet(self, step: EditStep) -> None:
        """Moves over a revision within reach."""
        if step.splices is None:
            raise _Unclear
        self._effort.spend(len(self._edits) + len(self._claims) + len(step.splices))
        if not (self._pass_insert(step.splices) or self._pass_by(step)):
            self._follow(step)
        if self._claims:
            _move_claims(self._claims, step.splices)

    def _pass_insert(self, splices: Sequence[Splice]) -> bool:
        """Moves a lone insert. False means that it needs a closer look."""
        if self._rank == NO_RANK:
            return False
        at = self._edits[0].start
        for start, end, shift, _, rank, _ in splices:
            if at < start:
                continue
            if at > end:
                at += shift
            elif at < end or end - start + shift == 0:
                at = start  # the text around it, or before it, is gone
            elif rank == NO_RANK:
                return False
            else:
                at = end + shift if rank <= self._rank else start
        self._edits[0].start = self._edits[0].end = at
        return True

    def _pass_by(self, step: EditStep) -> bool:
        """Moves edits that the revision does not touch, not even at their ends."""
        if not step.splices and all(edit.opcode != "=" for edit in self._edits):
            return True  # the revision only sets attributes, and no edit here does
        if any(edit.end >= step.start and edit.start <= step.end for edit in self._edits):
            return False
        for edit in self._edits:
            if edit.start > step.end:
                edit.start += step.shift
                edit.end += step.shift
        return True

    def _follow(self, step: EditStep) -> None:
        operations = count_ops(step.changeset) + 2 * len(self._edits)
        self._effort.spend(operations + EACH_FOLLOWED)
        done = unpack(step.changeset)
        done_ops = iter_ops(done.ops)
        for op in done_ops:
            op.lines = 0
        ops: list[Op] = []
        position = 0
        for edit in self._edits:
            if edit.start > position:
                ops.append(Op("=", edit.start - position))
            ops.append(Op(edit.opcode, edit.chars, 0, edit.attribs))
            position = edit.end
        out = follow_ops(done_ops, Bank(done.bank), ops, Bank(self._bank), self._pool)
        self._set_edits(iter_ops(out.finish()))
