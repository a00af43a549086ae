"""This module composes two consecutive changesets into one."""

from __future__ import annotations

from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.changeset import Bank, pack, unpack
from padfleet.shared.easysync.errors import EasysyncError
from padfleet.shared.easysync.ops import iter_ops, side_by_side
from padfleet.shared.easysync.overlay import overlay
from padfleet.shared.easysync.pool import AttributePool


def compose(a: str, b: str, pool: AttributePool) -> str:
    """Returns the changeset that has the effect of `a` followed by `b`.

    Raises `EasysyncError` if `b` does not begin where `a` ends.
    """
    first, second = unpack(a), unpack(b)
    if first.new_len != second.old_len:
        raise EasysyncError(
            f"cannot compose: the first leads to length {first.new_len}, "
            f"the second starts from {second.old_len}"
        )
    first_bank, second_bank = Bank(first.bank), Bank(second.bank)
    bank = []
    out = Assembler()
    for op, later in side_by_side(iter_ops(first.ops), iter_ops(second.ops)):
        source = second_bank if later.opcode == "+" else first_bank
        if op.opcode == "+" and later.opcode == "-":
            first_bank.skip(min(op.chars, later.chars))
        piece = overlay(op, later, pool)
        if piece is not None:
            out.add(*piece)
            if piece[0] == "+":
                bank.append(source.take(piece[1]))
    return pack(first.old_len, second.new_len, out.finish(), "".join(bank))
