"""This module reads and combines attribute strings, which list the attributes that an op sets, as
numbers in a pool (`*0*1a`)."""

from __future__ import annotations

from collections.abc import Iterable

from padfleet.shared.easysync.base36 import VALUES, numeral
from padfleet.shared.easysync.errors import EasysyncError, shown
from padfleet.shared.easysync.pool import Attribute, AttributePool


def attribs_of(attribs: str, pool: AttributePool) -> dict[str, str]:
    """Returns the attributes of an attribute string, in its order. If a key occurs several times,
    its last value counts.

    Raises `EasysyncError` if the string is malformed or names a number that is not in the pool.
    """
    if not attribs:
        return {}
    if not isinstance(attribs, str):
        raise EasysyncError(f"an attribute string must be a string, not {shown(attribs)}")
    return dict(_pairs(attribs, pool))


def attribs_string(attributes: Iterable[Attribute], pool: AttributePool) -> str:
    """Returns the attribute string in canonical order, by key. New attributes are added to the
    pool."""
    return "".join(["*" + numeral(pool.put(key, value)) for key, value in sorted(attributes)])


def encode_attribs(
    attributes: str | Iterable[Attribute], pool: AttributePool | None, *, inserting: bool
) -> str:
    """Returns the attribute string for an op. A string is returned as it is.

    Attributes without a value mean nothing on new text, so an insert leaves them out. New
    attributes get their numbers in the order given, as in Etherpad.

    Raises `EasysyncError` for pairs without a pool.
    """
    if isinstance(attributes, str):
        return attributes
    chosen: dict[str, str] = {}
    for key, value in attributes:
        if pool is None:
            raise EasysyncError("attributes given as pairs need a pool")
        if value or not inserting:
            pool.put(key, value)
            chosen[key] = value
        else:
            chosen.pop(key, None)
    return attribs_string(chosen.items(), pool) if pool is not None else ""


def compose_attribs(first: str, second: str, pool: AttributePool, *, of_text: bool) -> str:
    """Returns, as an attribute string, the effect of setting `first` and then `second`.

    With `of_text`, `first` is what the text has, so an attribute that is set to "" is gone.
    Otherwise both are changes, and the removal is part of the result.
    """
    if not second:
        return first
    if not first and not of_text:
        return second
    merged = attribs_of(first, pool)
    for key, value in attribs_of(second, pool).items():
        if value or not of_text:
            merged[key] = value
        else:
            merged.pop(key, None)
    return attribs_string(merged.items(), pool)


def follow_attribs(first: str, second: str, pool: AttributePool) -> str:
    """Returns what is left to set of `second` after another author has set `first` on the same
    text.

    Of two values for one key the smaller one wins, by its code units, whichever came first.
    """
    if not second or not first:
        return second
    left = attribs_of(second, pool)
    for key, value in _pairs(first, pool):
        if key in left and value <= left[key]:
            del left[key]
    return "".join(["*" + numeral(pool.put(key, value)) for key, value in left.items()])


def _pairs(attribs: str, pool: AttributePool) -> list[Attribute]:
    get, values = pool.get, VALUES
    start, *numbers = attribs.split("*")
    if start:
        raise EasysyncError(f"not an attribute string: {shown(attribs)}")
    return [get(values[number]) for number in numbers]
