"""Operational transformation: a changeset made beside another one, after that one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shared.easysync.assembler import Assembler
from shared.easysync.attributes import follow_attribs
from shared.easysync.base36 import numeral
from shared.easysync.changeset import Bank, pack, unpack
from shared.easysync.errors import EasysyncError
from shared.easysync.ops import Op, consume, iter_ops, side_by_side
from shared.easysync.pool import AttributePool


def follow(a: str, b: str, pool: AttributePool, *, reverse_insert_order: bool = False) -> str:
    """What `b` becomes once `a` has been applied, both having been made for the same document.

    Where both insert at one place: text marked `insertorder` = `first` comes first; else text that
    does not begin with a newline, so as to break no line; else that of `a`, or that of `b` with
    `reverse_insert_order`. `EasysyncError` when they are not of the same document.
    """
    done, pending = unpack(a), unpack(b)
    if done.old_len != pending.old_len:
        raise EasysyncError(
            f"cannot rebase: one starts from length {done.old_len}, "
            f"the other from {pending.old_len}"
        )
    done_bank, pending_bank = Bank(done.bank), Bank(pending.bank)
    out = Assembler()
    for op, mine in side_by_side(iter_ops(done.ops), iter_ops(pending.ops)):
        if op.opcode == "+" or mine.opcode == "+":
            if mine.opcode != "+":
                done_first = True
            elif op.opcode != "+":
                done_first = False
            else:
                mine_rank = _insert_rank(mine, pending_bank, pool)
                done_rank = _insert_rank(op, done_bank, pool)
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
    ops = out.finish()
    return pack(done.new_len, done.new_len + out.length_change, ops, pending.bank)


def rebase(cs: str, later: Iterable[str], pool: AttributePool) -> str:
    """`cs` after all of `later`, which are the revisions since the one that `cs` was made for."""
    for revision in later:
        cs = follow(revision, cs, pool)
    return cs


def _insert_rank(op: Op, bank: Bank, pool: AttributePool) -> tuple[bool, bool]:
    """Of two inserts at one place, that of the lower rank comes first."""
    char = bank.next_char()
    if not char:
        raise EasysyncError("the changeset inserts more characters than it holds")
    return not _is_marked_first(op.attribs, pool), char == "\n"


def _is_marked_first(attribs: str, pool: AttributePool) -> bool:
    number = pool.find("insertorder", "first")
    return number >= 0 and re.search(rf"\*{numeral(number)}(?![0-9a-z])", attribs) is not None
