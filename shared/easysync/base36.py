"""This module reads and writes the numbers of changesets, in base 36 with lower-case digits and
without a sign."""

from __future__ import annotations

import re
from typing import Final

from padfleet.shared.easysync.errors import EasysyncError, shown

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_NUMBER: Final = re.compile("[0-9a-z]{1,11}")

LARGEST: Final = 2**53 - 1
"""The largest number up to which JavaScript is exact, so that no canonical changeset holds more."""


class _Values(dict[str, int]):
    """The values of numerals: short ones come from the table, others are computed and not kept."""

    def __missing__(self, numeral: str) -> int:
        if not _NUMBER.fullmatch(numeral) or (value := int(numeral, 36)) > LARGEST:
            raise EasysyncError(f"not a base-36 number below 2**53: {shown(numeral)}")
        return value


_NUMERALS: Final[list[str]] = [*_DIGITS, *(high + low for high in _DIGITS[1:] for low in _DIGITS)]

VALUES: Final = _Values((numeral, value) for value, numeral in enumerate(_NUMERALS))
"""`VALUES[numeral]` is the number; it raises `EasysyncError` if that is invalid, or too large."""


def numeral(value: int) -> str:
    """Returns `value` in base 36. Raises `EasysyncError` if it is negative, which happens if counts
    do not agree."""
    if 0 <= value < len(_NUMERALS):
        return _NUMERALS[value]
    if value < 0:
        raise EasysyncError(f"the lengths or line counts do not fit together: {value} is left over")
    high, low = divmod(value, len(_DIGITS))
    return numeral(high) + _DIGITS[low]
