"""Tests that the API's description of itself matches the API that is served, and is valid
OpenAPI."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from padfleet.services.web.api.description import STYLES, openapi, page
from padfleet.services.web.api.functions import FUNCTIONS
from padfleet.services.web.api.resources import AT, OPERATIONS, TAGS
from padfleet.services.web.api.versions import CURRENT, VERSIONS
from tests.integration.api.described import differences

validator = pytest.importorskip(
    "openapi_spec_validator", reason="what says whether it is OpenAPI is not installed: make setup"
)

MORE = pytest.mark.thorough
"""The versions between the first and the current one: each has some of the functions of that."""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "version",
    [
        version if version in (next(iter(VERSIONS)), CURRENT) else pytest.param(version, marks=MORE)
        for version in VERSIONS
    ],
)
def test_it_is_openapi(version: str, style: str) -> None:
    document = openapi(version, style)
    assert document["openapi"].startswith("3.0.")
    validator.validate(document)
    assert document["info"]["version"] == version
    assert document["servers"] == [{"url": f"/{style}/{version}"}]


@pytest.mark.parametrize("version", VERSIONS)
def test_it_has_every_function_of_the_version_and_what_each_takes(version: str) -> None:
    flat = openapi(version, "api")["paths"]
    assert set(flat) == {f"/{name}" for name in VERSIONS[version]}
    rest = openapi(version, "rest")["paths"]
    assert set(rest) == {f"/{OPERATIONS[name].path}" for name in VERSIONS[version]}
    for name, takes in VERSIONS[version].items():
        for operations in (flat[f"/{name}"], rest[f"/{OPERATIONS[name].path}"]):
            assert list(operations) == ["post"]
            found = operations["post"]
            named = [one["$ref"].rpartition("/")[2] for one in found.get("parameters", [])]
            assert tuple(named) == takes
            assert found["operationId"] == f"{name}UsingPOST"
            assert len(found["summary"]) > 3
            assert found["tags"]
            assert set(found["tags"]) <= set(TAGS)


def test_the_tables_have_the_same_functions() -> None:
    assert set(FUNCTIONS) == set(OPERATIONS) == set(VERSIONS[CURRENT])
    assert len(AT) == len(OPERATIONS)


class _Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        assert tag != "script"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "


def test_the_page_names_every_function() -> None:
    reader = _Read()
    reader.feed(page())
    reader.close()
    assert not reader.open
    words = set(reader.text.split())
    for name, takes in VERSIONS[CURRENT].items():
        assert {name, *takes, f"/rest/{CURRENT}/{OPERATIONS[name].path}"} <= words


@pytest.mark.parametrize(
    ("function", "data", "odd"),
    [
        ("getText", {"text": "x"}, []),
        ("getText", {"text": None}, []),
        ("setText", None, []),
        ("getAuthorName", "Ada", []),
        ("getText", {"text": "x", "more": 1}, ["data.more is not described"]),
        ("setText", {"text": "x"}, ["data.text is not described"]),
        ("getStats", {"totalPads": "1"}, ["data.totalPads is '1', and described as integer"]),
        ("getStats", {"totalPads": True}, ["data.totalPads is True, and described as integer"]),
        ("padUsers", {"padUsers": [{"id": "a", "x": 1}]}, ["data.padUsers.x is not described"]),
        ("listPads", {"padIDs": ["a", 1]}, ["data.padIDs is 1, and described as string"]),
        ("listSessionsOfGroup", {"s.1": None}, []),
        ("listSessionsOfGroup", {"s.1": {"x": 1}}, ["s.1.x is not described"]),
    ],
)
def test_an_answer_that_is_not_as_described_is_noticed(
    function: str, data: object, odd: list[str]
) -> None:
    assert differences(function, data) == odd
