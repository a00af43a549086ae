"""This module moves changesets and attributes from one pool to another."""

from __future__ import annotations

import re
from typing import Final

from padfleet.shared.easysync.base36 import VALUES, numeral
from padfleet.shared.easysync.errors import EasysyncError, shown
from padfleet.shared.easysync.pool import AttributePool

_NUMBER: Final = re.compile(r"\*([0-9a-z]++)")


def move_ops_to_new_pool(
    cs_or_attribs: str, old_pool: AttributePool, new_pool: AttributePool
) -> str:
    """Returns the same changeset or attributes with the numbers of `new_pool`, to which missing
    attributes are added.

    A number that is not in `old_pool` is left out, as in Etherpad.
    """
    if not isinstance(cs_or_attribs, str):
        raise EasysyncError(f"not a changeset or attributes: {shown(cs_or_attribs)}")
    ops, dollar, bank = cs_or_attribs.partition("$")
    if "*" not in ops:
        return cs_or_attribs
    moved: dict[str, str] = {}

    def move(match: re.Match[str]) -> str:
        number = match[1]
        text = moved.get(number)
        if text is None:
            old_number = VALUES[number]
            if old_pool.has(old_number):
                text = "*" + numeral(new_pool.put(*old_pool.get(old_number)))
            else:
                text = ""
            moved[number] = text
        return text

    return _NUMBER.sub(move, ops) + dollar + bank


def prepare_for_wire(cs_or_attribs: str, pool: AttributePool) -> tuple[str, AttributePool]:
    """Returns the same changeset or attributes, and a pool of only the attributes in it, numbered
    from 0 in the order in which they occur. This is what clients are sent."""
    small = AttributePool()
    return move_ops_to_new_pool(cs_or_attribs, pool, small), small
