"""Tests that the shortcut for plain typing decides as the full way does."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.services.writer.pads import pad as pad_module
from padfleet.services.writer.pads import rules
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.pads.rules import (
    SYSTEM_AUTHOR,
    SubmissionRefused,
    brings_its_author_only,
    check_submission,
    wire_pool_of,
)
from padfleet.shared.easysync import AttributePool, EasysyncError
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.records import Origin

ME = "a.me"


def pool(*pairs: tuple[str, str], next_num: Any = None) -> dict[str, Any]:
    numbers = {str(number): list(pair) for number, pair in enumerate(pairs)}
    return {"numToAttrib": numbers, "nextNum": len(pairs) if next_num is None else next_num}


OWN = pool(("author", ME))

ODD: list[Any] = [
    {},
    pool(),
    pool(("author", "a.other")),
    pool(("bold", "true")),
    pool(("author", ME), ("bold", "true")),
    pool(("author", ME), next_num=True),
    pool(("author", ME), next_num=1.0),
    pool(("author", ME), next_num=2),
    pool(("author", ME), next_num=-1),
    {"numToAttrib": {"1": ["author", ME]}, "nextNum": 1},
    {"numToAttrib": {"00": ["author", ME]}, "nextNum": 1},
    {"numToAttrib": [["author", ME]], "nextNum": 1},
    {"numToAttrib": {"0": ["author", ME, "more"]}, "nextNum": 1},
    {"numToAttrib": {"0": "author"}, "nextNum": 1},
    {"numToAttrib": None, "nextNum": 1},
]

CHANGESETS = [
    "Z:4>1*0+1$x",
    "Z:4>1=2*0+1$x",
    "Z:4>1|1=4*0+1$x",
    "Z:4<1-1$",
    "Z:4>0=1*0=1$",
    "Z:4>1+1$x",
    "Z:4<1*0-1$",
    "Z:4>2*0+1*1+1$xy",
    "Z:4>1*0*0+1$x",
    "Z:4>1*1+1$x",
    "Z:4>1*00+1$x",
    "Z:4>2*0+1$x",
    "nonsense",
]


def verdict(submission: Submission, pad_pool: AttributePool, *, for_others: bool) -> str:
    try:
        check_submission(
            submission.changeset,
            wire_pool_of(submission),
            submission.author,
            pad_pool,
            for_others=for_others,
        )
    except (SubmissionRefused, EasysyncError) as error:
        return str(error)
    return "fine"


@pytest.mark.parametrize("for_others", [False, True])
@pytest.mark.parametrize("author", [ME, SYSTEM_AUTHOR, "", "a b", "x" * 200])
def test_it_decides_as_the_long_way_does(
    author: str, for_others: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pad_pool = AttributePool()
    pad_pool.put("author", "a.other")
    mine = pool(("author", author))
    cases = [
        Submission("pad", Origin("s", 1), 1, 0, author, 0, changeset, brought)
        for changeset in CHANGESETS
        for brought in (*ODD, OWN, mine, OWN | {"attribToNum": {"author,a.other": 0}})
    ]
    short = [verdict(case, pad_pool, for_others=for_others) for case in cases]
    monkeypatch.setattr(rules, "brings_its_author_only", lambda *_: False)
    monkeypatch.setattr(rules, "_number_of_own", lambda *_: "none")
    assert [verdict(case, pad_pool, for_others=for_others) for case in cases] == short
    assert len({*short}) > 2


def test_plain_typing_is_known() -> None:
    assert brings_its_author_only(OWN, ME)
    assert brings_its_author_only(OWN | {"attribToNum": "nobody looks at it"}, ME)
    assert not any(brings_its_author_only(brought, ME) for brought in ODD)


def test_the_pool_of_plain_typing_is_made_once() -> None:
    first, second = (
        wire_pool_of(Submission("pad", Origin("s", n), 1, 0, ME, 0, CHANGESETS[0], dict(OWN)))
        for n in (1, 2)
    )
    assert first is second
    assert list(first.pairs()) == [("author", ME)]


@pytest.mark.parametrize("author", [ME, "a,b"])
def test_plain_typing_becomes_what_the_long_way_makes_of_it(
    author: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain typing is stored as it came, which has to be what two changes of its numbers lead
    to."""
    typed = ["Z:4>1*0+1$x", "Z:4>2=1*0+2$*0", "Z:4>0=1*0=1$", "Z:4<1=1-1$", "Z:4>1|1=4*0|1+1$\n"]
    longer = [*CHANGESETS, "Z:4>1*1+1$x", "Z:4>1*0*1+1$x"]

    def wires() -> list[list[bytes]]:
        found = []
        for changeset in (*typed, *longer):
            for brought in (pool(("author", author)), pool(("author", author), ("bold", "true"))):
                pad = WriterPad(5)
                pad.create("abc", "", 1, birth=5)
                pad.pool.put("author,a", "b")  # of the same number as the author "a,b"
                entry = Submission(
                    "pad", Origin("s", 1), 1, pad.epoch, author, 0, changeset, brought
                )
                found.append([revision.wire for revision in pad.submit(entry, 2).revisions])
        return found

    short = wires()
    monkeypatch.setattr(
        pad_module, "check_submission", lambda *a, **k: check_submission(*a, **k) and False
    )
    assert wires() == short
    assert all(short[: 2 * len(typed)])
