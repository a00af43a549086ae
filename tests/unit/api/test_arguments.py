"""Parameters are read as Etherpad reads them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError
from padfleet.services.web.api.functions import FUNCTIONS
from padfleet.services.web.api.versions import CURRENT, VERSIONS


@pytest.mark.parametrize(
    ("given", "rev"),
    [("5", 5), (" 7", 7), ("7abc", 7), ("5.9", 5), (5, 5), (5.0, 5), ("0", 0), ("+3", 3)],
)
def test_revisions_are_read_as_etherpad_reads_them(given: Any, rev: int) -> None:
    assert arguments.rev({"rev": given}) == rev


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "rev is not a number"),
        ("x", "rev is not a number"),
        ([5], "rev is not a number"),
        (True, "rev is not a number"),
        ("-1", "rev is not a negative number"),
        (-1, "rev is not a negative number"),
        (5.5, "rev is a float value"),
    ],
)
def test_what_is_no_revision(given: Any, message: str) -> None:
    with pytest.raises(ApiError, match=f"^{message}$"):
        arguments.rev({"rev": given})


def test_no_revision_is_none() -> None:
    assert arguments.rev({}) is None


@pytest.mark.parametrize(
    ("given", "flag"),
    [("true", True), ("TRUE", True), ("1", False), ("", False), (True, True), (0, False)],
)
def test_flags_are_read_as_etherpad_reads_them(given: Any, flag: bool) -> None:
    assert arguments.flag({"force": given}, "force") is flag


def test_every_function_that_is_offered_is_there() -> None:
    offered = {name for functions in VERSIONS.values() for name in functions}
    assert offered == set(FUNCTIONS)
    assert set(VERSIONS[CURRENT]) == offered


def test_versions_only_grow() -> None:
    before: set[str] = set()
    for functions in VERSIONS.values():
        assert before <= set(functions)
        before = set(functions)
    assert VERSIONS["1.2.15"]["createPad"] == ("padID", "text")
    assert VERSIONS["1.3.0"]["createPad"] == ("padID", "text", "authorId")


async def test_a_pads_id_that_is_far_too_long_is_not_looked_at() -> None:
    nothing = cast(Api, None)
    with pytest.raises(ApiError, match="padID did not match requirements"):
        _ = await arguments.pad_id(nothing, {"padID": " " * 1_001})


@pytest.mark.parametrize("mapper", ["x" * 1_001, "\ud83d\ude00" * 1_001, ""])
def test_what_cannot_be_a_mapper_is_refused(mapper: str) -> None:
    with pytest.raises(ApiError, match="a mapper has 1 to 1000 characters"):
        arguments.plain(mapper)
    assert arguments.plain("\ud83d\ude00" * 1_000) == "😀" * 1_000
