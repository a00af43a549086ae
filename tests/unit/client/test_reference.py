"""The reference of the Python client is that of its code."""

from __future__ import annotations

from pathlib import Path

from padfleet.shared import client
from padfleet.shared.client.reference import render

PAGE = Path(__file__).parents[3] / "docs" / "client-python.md"


def test_the_reference_is_that_of_the_code() -> None:
    assert render() == PAGE.read_text(), "run `make reference`"


def test_every_public_name_has_a_place_in_it() -> None:
    page = render()
    for name in client.__all__:
        if name != "Event":  # a union of two that have theirs
            assert f"\n### {name}\n" in page
