"""Who is on a pad, from what servers say."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.shared.client.people import color_of, colors_of, names_of

PALETTE = ["#ffc7c7", "#fff1c7"]


def test_names_and_colours_are_read_by_author() -> None:
    authors: Any = {
        "a.1": {"name": "Ada", "colorId": "#aa0000"},
        "a.2": {"name": None, "colorId": 1},
        "a.3": {"name": "", "colorId": "red"},
        "a.4": None,
    }
    assert names_of(authors) == {"a.1": "Ada"}
    assert colors_of(authors, PALETTE) == {"a.1": "#aa0000", "a.2": "#fff1c7"}


@pytest.mark.parametrize("authors", [None, [], "", 7])
def test_nobody_is_nobody(authors: Any) -> None:
    assert names_of(authors) == {}
    assert colors_of(authors, PALETTE) == {}


@pytest.mark.parametrize("color", [None, -1, 2, "", "#", "#12", "url(x)", "#aa0000; x", [], 1.5])
def test_what_is_no_colour_is_none(color: Any) -> None:
    assert color_of(color, PALETTE) is None


@pytest.mark.parametrize("palette", [None, {}, "ab", [3]])
def test_a_number_needs_a_palette(palette: Any) -> None:
    assert color_of(0, palette) is None
