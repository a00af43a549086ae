"""Undoing changesets."""

from __future__ import annotations

from collections.abc import Iterator

from padfleet.shared.easysync.attributes import attribs_of, encode_attribs
from padfleet.shared.easysync.changeset import check_rep, unpack
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.ops import Op, iter_ops
from padfleet.shared.easysync.pool import AttributePool
from padfleet.shared.easysync.splice import Builder


def inverse(cs: str, text: str, attribs: str, pool: AttributePool) -> str:
    """The changeset that leads back from after `cs` to the document given, the one before `cs`.

    An attribute that `cs` sets where there was none is set to "", for which the pool may get new
    attributes. `EasysyncError` when the changeset and the document do not fit each other.
    """
    change = unpack(cs)
    if len(text) != change.old_len:
        raise EasysyncError(
            f"the changeset is for length {change.old_len}, the text has {len(text)}"
        )
    runs = _Runs(iter_ops(attribs))
    builder = Builder(change.new_len)
    position = 0
    for op in iter_ops(change.ops):
        if op.opcode == "+":
            builder.remove(op.chars, op.lines)
            continue
        start, position = position, position + op.chars
        if position > len(text):
            raise EasysyncError(f"{op!r} reaches beyond the end of the text")
        if text.count("\n", start, position) != op.lines:
            raise EasysyncError(f"{op!r} has another number of newlines than the text")
        if op.opcode == "-":
            for begin, end, had in runs.between(start, position):
                builder.insert(text[begin:end], had)
        elif op.attribs:
            changed = attribs_of(op.attribs, pool)
            for begin, end, had in runs.between(start, position):
                builder.keep_text(text[begin:end], way_back(changed, had, pool))
        else:
            builder.keep(op.chars, op.lines)
    return check_rep(builder.to_changeset())


class _Runs:
    """The attributes of a document, read from its start to its end."""

    def __init__(self, runs: list[Op]) -> None:
        self._runs = runs
        self._at = 0
        self._start = 0  # of the run at hand

    def between(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """The stretches of equal attributes from `start` to `end`; no step back from call to call.

        `EasysyncError` when the attributes end before that.
        """
        while start < end:
            if self._at == len(self._runs):
                raise EasysyncError("the document has fewer attributes than text")
            run = self._runs[self._at]
            run_end = self._start + run.chars
            if run_end <= start:
                self._at += 1
                self._start = run_end
                continue
            until = min(end, run_end)
            yield start, until, run.attribs
            start = until


def way_back(changed: dict[str, str], had: str, pool: AttributePool) -> str:
    """What to set on text that had the attributes `had`, to undo that `changed` has been set."""
    old = attribs_of(had, pool)
    back = [(key, old.get(key, "")) for key in changed]
    return encode_attribs(
        [(key, value) for key, value in back if value != changed[key]], pool, inserting=False
    )
