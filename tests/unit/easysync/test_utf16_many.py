"""Texts with many characters beyond U+FFFF take another way, to the same result."""

from __future__ import annotations

import pytest

from shared.easysync import from_units, to_units
from shared.easysync.utf16 import _ASTRAL, _surrogates


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f600",
        "\U0001f600" * 1000,
        "a\U0010ffff\ud83d\udc00\U00010000ä",
        "x" * 100 + "\U0001f600",
        ("x" * 23 + "\U0001f600") * 1001,
        ("\ud83d" + "\U0001f600") * 1001,
        "\udc00\U0001f600\ud83d",
    ],
)
def test_both_ways_agree(text: str) -> None:
    units = to_units(text)
    assert units == _ASTRAL.sub(_surrogates, text)
    assert to_units(units) is units
    assert all(ord(unit) < 0x10000 for unit in units)
    if not any(0xD800 <= ord(character) < 0xE000 for character in text):
        assert from_units(units) == text
