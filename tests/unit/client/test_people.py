"""Tests the list of people on a pad, as it follows from the messages of servers."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.shared.client.people import PresentPeople, color_of, colors_of, names_of

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
def test_malformed_lists_of_people_name_nobody(authors: Any) -> None:
    assert names_of(authors) == {}
    assert colors_of(authors, PALETTE) == {}


@pytest.mark.parametrize("color", [None, -1, 2, "", "#", "#12", "url(x)", "#aa0000; x", [], 1.5])
def test_what_is_no_colour_is_none(color: Any) -> None:
    assert color_of(color, PALETTE) is None


@pytest.mark.parametrize("palette", [None, {}, "ab", [3]])
def test_a_number_needs_a_palette(palette: Any) -> None:
    assert color_of(0, palette) is None


def users(*rows: tuple[str, Any, str | None], **more: Any) -> dict[str, Any]:
    return {"type": "USERS", "users": [list(row) for row in rows], **more}


@pytest.fixture
def there() -> dict[str, str | None]:
    return {}


@pytest.fixture
def colors() -> dict[str, str]:
    return {}


@pytest.fixture
def people(there: dict[str, str | None], colors: dict[str, str]) -> PresentPeople:
    return PresentPeople("a.me", PALETTE, there, {}, colors)


def test_one_message_tells_of_many(
    people: PresentPeople, there: dict[str, str | None], colors: dict[str, str]
) -> None:
    rows = [("a.1", 1, "Ada"), ("a.2", "#00aa00", None), ("a.me", 0, "Me")]
    assert people.receive(users(*rows, complete=True)) == []
    assert there == {"a.1": "Ada", "a.2": None}, "nobody is one of the others to himself"
    assert colors == {"a.1": "#fff1c7", "a.2": "#00aa00"}
    assert people.receive(users(("a.3", 1, None), left=["a.1"])) == ["a.1"]
    assert there == {"a.2": None, "a.3": None}


def test_people_who_left_while_we_were_away_are_removed(
    people: PresentPeople, there: dict[str, str | None]
) -> None:
    """He is not named between our return and the end of the list; nobody goes before that."""
    people.receive(users(("a.1", 1, None), ("a.2", 1, None), ("a.3", 1, None), complete=True))
    people.came_back()
    assert people.receive(users(("a.1", 1, None))) == []
    assert set(there) == {"a.1", "a.2", "a.3"}
    assert people.receive({"type": "USER_NEWINFO", "userInfo": {"userId": "a.3"}}) == []
    assert people.receive(users(complete=True)) == ["a.2"]
    assert set(there) == {"a.1", "a.3"}
    people.receive(users(("a.4", 1, None)))
    assert people.receive(users(complete=True)) == []


def test_what_is_no_list_of_people_does_no_harm(
    people: PresentPeople, there: dict[str, str | None]
) -> None:
    assert people.receive({"type": "USERS", "users": [3, ["a.1"], [1, 2, 3]], "left": [7]}) == []
    assert people.receive({"type": "USERS", "users": {}, "left": "a.1"}) == []
    assert people.receive({"type": "CHAT_MESSAGE"}) is None
    assert there == {}
