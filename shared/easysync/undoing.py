"""This module undoes a changeset on a document that is edited in place, without a pass over all of
it."""

from __future__ import annotations

from padfleet.shared.easysync.attributes import attribs_of, encode_attribs
from padfleet.shared.easysync.body import Body
from padfleet.shared.easysync.changeset import check_rep, unpack
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.ops import iter_ops
from padfleet.shared.easysync.pool import AttributePool
from padfleet.shared.easysync.splice import Builder


def undoing(cs: str, body: Body, pool: AttributePool) -> str:
    """Returns the changeset that leads from after `cs` back to `body`, the document before it.

    An attribute that `cs` sets where there was none is set to "", for which the pool may get new
    attributes. The cost does not grow with the document. Raises `EasysyncError` if the two do not
    fit each other.
    """
    change = unpack(cs)
    if body.units != change.old_len:
        raise EasysyncError(
            f"the changeset is for length {change.old_len}, the text has {body.units}"
        )
    builder = Builder(change.new_len)
    position = 0
    for op in iter_ops(change.ops):
        if op.opcode == "+":
            builder.remove(op.chars, op.lines)
            continue
        start, position = position, position + op.chars
        if position > body.units:
            raise EasysyncError(f"{op!r} reaches beyond the end of the text")
        if body.newlines_before(position) - body.newlines_before(start) != op.lines:
            raise EasysyncError(f"{op!r} has another number of newlines than the text")
        if op.opcode == "=" and not op.attribs:
            builder.keep(op.chars, op.lines)
            continue
        text = body.text_between(start, position)
        changed = attribs_of(op.attribs, pool) if op.opcode == "=" else {}
        at = 0
        for had, chars in body.spans_between(start, position):
            piece = text[at : at + chars]
            at += chars
            if op.opcode == "-":
                builder.insert(piece, had)
            else:
                builder.keep_text(piece, _way_back(changed, had, pool))
    return check_rep(builder.to_changeset())


def _way_back(changed: dict[str, str], had: str, pool: AttributePool) -> str:
    """Returns what to set on text that had the attributes `had`, to undo that `changed` was set."""
    old = attribs_of(had, pool)
    back = [(key, old.get(key, "")) for key in changed]
    return encode_attribs(
        [(key, value) for key, value in back if value != changed[key]], pool, inserting=False
    )
