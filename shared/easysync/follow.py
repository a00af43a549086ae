"""This module transforms a changeset that was made concurrently with another, so that it applies
after it."""

from __future__ import annotations

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.attributes import follow_attribs
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.easysync.changeset import Bank, pack, unpack
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.ops import Op, consume, iter_ops, side_by_side
from padfleet.shared.easysync.pool import AttributePool


def follow(a: str, b: str, pool: AttributePool, *, reverse_insert_order: bool = False) -> str:
    """Returns what `b` becomes once `a` has been applied; both were made for the same document.

    Where both insert at one place, the order is: text marked `insertorder` = `first`; then text
    that does not begin with a newline, so as to break no line; then that of `a`, or that of `b`
    with `reverse_insert_order`. Raises `EasysyncError` if they are not for the same document.
    """
    done, pending = unpack(a), unpack(b)
    if done.old_len != pending.old_len:
        raise EasysyncError(
            f"cannot rebase: one starts from length {done.old_len}, "
            f"the other from {pending.old_len}"
        )
    out = follow_ops(
        iter_ops(done.ops),
        Bank(done.bank),
        iter_ops(pending.ops),
        Bank(pending.bank),
        pool,
        reverse_insert_order=reverse_insert_order,
    )
    ops = out.finish()
    return pack(done.new_len, done.new_len + out.length_change, ops, pending.bank)


def follow_ops(
    done: list[Op],
    done_bank: Bank,
    pending: list[Op],
    pending_bank: Bank,
    pool: AttributePool,
    *,
    reverse_insert_order: bool = False,
) -> Assembler:
    """Returns what the ops `pending` become, not yet written. Uses up the ops given.

    Lines are carried along and decide nothing: if both have none, the result is correct except for
    its lines.
    """
    out = Assembler()
    for op, mine in side_by_side(done, pending):
        if op.opcode == "+" or mine.opcode == "+":
            if mine.opcode != "+":
                done_first = True
            elif op.opcode != "+":
                done_first = False
            else:
                mine_rank = insert_rank(mine.attribs, pending_bank.next_char(), pool)
                done_rank = insert_rank(op.attribs, done_bank.next_char(), pool)
                done_first = (
                    not reverse_insert_order if done_rank == mine_rank else done_rank < mine_rank
                )
            if done_first:
                done_bank.skip(op.chars)
                out.add("=", op.chars, op.lines, "")
                op.opcode = ""
            else:
                pending_bank.skip(mine.chars)
                out.add("+", mine.chars, mine.lines, mine.attribs)
                mine.opcode = ""
        elif not mine.opcode:
            op.opcode = ""
        elif not op.opcode:
            out.add(mine.opcode, mine.chars, mine.lines, mine.attribs)
            mine.opcode = ""
        elif op.opcode == "-":
            consume(op, mine)
        elif mine.opcode == "-":
            attribs = mine.attribs
            chars, lines = consume(mine, op)
            out.add("-", chars, lines, attribs)
        else:
            attribs = follow_attribs(op.attribs, mine.attribs, pool)
            chars, lines = consume(op, mine)
            out.add("=", chars, lines, attribs)
    return out


def insert_rank(attribs: str, first_char: str, pool: AttributePool) -> int:
    """Returns the rank of an insert: of two at one place, the one with the lower rank comes
    first."""
    if not first_char:
        raise EasysyncError("the changeset inserts more characters than it holds")
    rank = 1 if first_char == "\n" else 0
    return rank if _is_marked_first(attribs, pool) else rank + 2


def _is_marked_first(attribs: str, pool: AttributePool) -> bool:
    number = pool.find("insertorder", "first")
    return number >= 0 and numeral(number) in attribs.split("*")
