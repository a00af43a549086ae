"""Tests the HTTP API call that shows what has changed between two revisions."""

from __future__ import annotations

import asyncio
import re

import pytest

from padfleet.services.web.api import differences
from tests.acceptance.npm import new_pad
from tests.integration.api.caller import Caller


async def pad_of(api: Caller) -> tuple[str, list[str]]:
    """Makes a pad with three revisions after its first one: one adds text, one removes text and one
    makes the text bold. Returns the pad's id and its authors."""
    authors = [(await api.createAuthor(name=name))["authorID"] for name in ("Ada", "Bob")]
    pad = new_pad()
    await api.createPad(padID=pad, text="one", authorId=authors[0])
    await api.appendText(padID=pad, text=" two", authorId=authors[1])
    await api.setText(padID=pad, text="three", authorId=authors[0])
    return pad, authors


def span(author: str, inner: str) -> str:
    return f'<span class="author{author.replace(".", "_")}">{inner}</span>'


REMOVED = '<span class="removed">{}</span>'


async def test_the_differences_of_a_pad(api: Caller) -> None:
    pad, (ada, bob) = await pad_of(api)
    found = await api.createDiffHTML(padID=pad, startRev="0", endRev="1")
    style, _, body = found["html"].partition("</style>")
    assert body == "one" + span(bob, " two") + "<br>"
    assert found["authors"] == [bob]
    for author in (ada, bob):
        name = author.replace(".", "_")
        assert re.search(rf"\.author{name} {{background-color: #[0-9a-f]{{6}}}}\n", style)
    assert style.startswith("<style>\n")
    assert ".removed {text-decoration: line-through; " in style
    later = await api.createDiffHTML(padID=pad, startRev="1", endRev="2")
    assert later["authors"] == [ada]
    changed = span(ada, REMOVED.format("one two") + "three")
    assert later["html"].partition("</style>")[2] == f"{changed}<br>"
    whole = await api.createDiffHTML(padID=pad, startRev="0", endRev="2")
    assert whole["authors"] == [bob, ada]
    # Without the last one it is the head, and so it is with 0 and with what is past it.
    for end in ({}, {"endRev": "0"}, {"endRev": "99"}):
        assert await api.createDiffHTML(padID=pad, startRev="0", **end) == whole
    same = await api.createDiffHTML(padID=pad, startRev="2", endRev="2")
    assert (same["html"].partition("</style>")[2], same["authors"]) == ("three<br>", [])
    assert await api.createDiffHTML(padID=pad, startRev="99", endRev="99") == same


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"startRev": "a"}, "rev is not a number"),
        ({"startRev": "-1"}, "rev is not a negative number"),
        ({"startRev": "0", "endRev": "x"}, "rev is not a number"),
        ({"startRev": "2", "endRev": "1"}, "Invalid revision range. startRev: 2 endRev: 1"),
        ({"endRev": "1"}, "Invalid revision range: startRev is not given"),
    ],
)
async def test_what_there_is_no_difference_between(
    api: Caller, asked: dict[str, str], message: str
) -> None:
    pad, _ = await pad_of(api)
    assert await api.refusal("createDiffHTML", padID=pad, **asked) == (1, message)


async def test_a_difference_of_a_pad_that_does_not_exist_is_refused(api: Caller) -> None:
    refused = await api.refusal("createDiffHTML", padID=new_pad(), startRev="0")
    assert refused == (1, "padID does not exist")


async def test_many_differences_at_once_are_the_same(api: Caller) -> None:
    pad, _ = await pad_of(api)
    asked = (api.createDiffHTML(padID=pad, startRev="0") for _ in range(20))
    found = await asyncio.gather(*asked)
    assert all(one == found[0] for one in found)


async def test_more_than_a_job_may_take_is_refused(api: Caller) -> None:
    pad = new_pad()
    await api.createPad(padID=pad)
    size = 1_900_000
    rounds = differences.MOST // size + 1
    for number in range(rounds):
        await api.setText(padID=pad, text=str(number) * size)
    code, message = await api.refusal("createDiffHTML", padID=pad, startRev="0")
    assert code == 1
    assert "ask for fewer revisions at a time" in message
    few = await api.createDiffHTML(padID=pad, startRev=str(rounds - 1))
    assert f'<span class="removed">{rounds - 2}' in few["html"]
