"""Texts with many characters beyond U+FFFF take another way, to the same result."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import from_units, to_units
from padfleet.shared.easysync.utf16 import (
    _ASTRAL,
    _STEP,
    UNITS,
    _handle,
    _surrogates,
    is_broken,
    paired,
)
from padfleet.shared.log.records import pack, unpack


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


PARTS = st.sampled_from(("a", "ä", "\ud83d", "\ude00", "\ud83d\ude00", "\U0001f600"))


@given(st.lists(PARTS, max_size=30).map("".join), st.sampled_from((1, 1200)))
def test_it_is_known_whether_all_halves_are_in_pairs(some: str, times: int) -> None:
    units = some * times
    whole = from_units(units)
    alone = sum("\ud800" <= unit <= "\udfff" for unit in whole)
    assert paired(units) == (None if alone else whole)
    assert is_broken(units) is (alone >= 1000)


# --- As bytes ------------------------------------------------------------------------------------

UNIT = st.one_of(
    st.characters(max_codepoint=0xFFFF, exclude_categories=()),
    st.sampled_from("a\ud83d\ude00\ud800\udfff\ud000\ud7ff\ue000\uefff\uf000\uffffä\u0800"),
)


@given(st.lists(st.one_of(UNIT, st.just("\ud83d\ude00")), max_size=60), st.sampled_from((1, 80)))
def test_what_was_written_is_read(parts: list[str], times: int) -> None:
    """It holds for any code units, in a short text and in a long one."""
    units = "".join(parts) * times
    assert unpack(pack(units)) == units
    data = units.encode("utf-8", "surrogatepass")
    assert data.decode("utf-8", UNITS) == units
    joined = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert from_units(units) == joined
    assert to_units(joined) == units


@given(st.binary(max_size=40), st.sampled_from(("", "\ud800" * 1001, "\ud83d\ude00x" * 800)))
def test_bytes_that_are_no_text_are_still_refused(data: bytes, before: str) -> None:
    whole = before.encode("utf-8", "surrogatepass") + data
    try:
        found: str | None = whole.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        found = None
    if found is None:
        with pytest.raises(UnicodeDecodeError):
            whole.decode("utf-8", UNITS)
    else:
        assert whole.decode("utf-8", UNITS) == found


@pytest.mark.parametrize(
    "text", ["\ud83d\ude00" * 100_000, "a\ud800" * 100_000], ids=["pairs", "lone"]
)
def test_a_long_text_is_read_with_few_questions(text: str) -> None:
    """One call for each surrogate would be too many: two million of them held up a worker for
    seconds. A single call would keep all other threads waiting."""
    asked = 0

    def counted(error: UnicodeError) -> tuple[str | bytes, int]:
        nonlocal asked
        asked += 1
        return _handle(error)

    codecs.register_error("test.counted", counted)
    data = text.encode("utf-8", "surrogatepass")
    assert data.decode("utf-8", "test.counted") == text
    assert asked == -(-len(data) // _STEP)


def test_a_text_with_some_of_everything_is_read_all_the_same() -> None:
    everything = "".join(chr(code) for code in range(0x80, 0x10000, 7))
    assert unpack(pack(everything)) == everything
