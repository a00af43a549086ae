"""Tests the conversion of Etherpad's revisions to ours, and the repair of old pads."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.shared.bounds import PALETTE_SIZE
from padfleet.shared.easysync import AText, AttributePool, attribs_of, iter_ops, make_splice, unpack
from padfleet.shared.etherpad.converting import Converter, as_one_revision, with_authors
from padfleet.shared.etherpad.records import (
    BadRecord,
    author_of,
    chat_count,
    chat_record,
    head_of,
    message_of,
    saved_of,
)
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.wire.jsontext import loads


def pool_with(*authors: str) -> AttributePool:
    pool = AttributePool()
    for author in authors:
        pool.put("author", author)
    return pool


def record(changeset: str, author: Any = "a.x", timestamp: Any = 5) -> dict[str, Any]:
    return {"changeset": changeset, "meta": {"author": author, "timestamp": timestamp}}


def test_revisions_lead_to_the_same_text() -> None:
    converter = Converter(pool_with("a.x", "a.y"), latest=1000)
    document = Document()
    for number, (changeset, author, time) in enumerate(
        [("Z:1>5*0+5$start", "a.x", 5), ("Z:6>2=5*1+2$ed", "a.y", 9), ("Z:8<5-5$", "a.x", 7)]
    ):
        document.replay(converter.revision(record(changeset, author, time), f"r{number}"))
    assert document.atext.text == "ed\n"
    assert document.time == 9  # time does not go back
    assert document.authors() == ["a.x", "a.y"]
    assert converter.authors == {"a.x", "a.y"}


def test_no_revision_has_a_time_in_the_future() -> None:
    converter = Converter(pool_with("a.x"), latest=1000)
    assert converter.revision(record("Z:1>1*0+1$a", timestamp=1 << 52), "r0").time == 1000


def test_a_revision_tells_the_time_since_the_one_before() -> None:
    converter = Converter(pool_with("a.x"), latest=1000)
    converter.revision(record("Z:1>1*0+1$a", timestamp=100), "r0")
    wire = loads(converter.revision(record("Z:2>1*0+1$b", timestamp=130), "r1").wire)
    assert (wire["newRev"], wire["currentTime"], wire["timeDelta"]) == (1, 130, 30)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "missing"),
        ([], "not an object"),
        ({}, "no changeset"),
        ({"changeset": 5}, "no changeset"),
        (record("nonsense"), "not a changeset"),
        (record("Z:1>1*z" + "z" * 20 + "+1$a"), "base-36"),
    ],
)
def test_what_is_no_revision(value: Any, said: str) -> None:
    with pytest.raises(BadRecord, match=f"^r0.*{said}"):
        Converter(pool_with("a.x"), latest=1000).revision(value, "r0")


def test_text_of_nobody_becomes_the_systems() -> None:
    pool = pool_with("a.x")
    pool.put("bold", "true")
    fixed = with_authors("Z:1>8*1+3|1+1*0+3+1$abc\ndefg", pool)
    ops = iter_ops(unpack(fixed).ops)
    authors = [attribs_of(op.attribs, pool).get("author") for op in ops]
    assert authors == [SYSTEM_AUTHOR, None, "a.x", SYSTEM_AUTHOR]
    assert attribs_of(ops[0].attribs, pool)["bold"] == "true"
    assert unpack(fixed).bank == "abc\ndefg"
    fine = "Z:1>1*0+1$a"
    assert with_authors(fine, pool) is fine
    assert with_authors("Z:2<1-1$+", pool) == "Z:2<1-1$+"
    alone = with_authors("Z:1>1|1+1$\n", pool, newlines=True)
    assert attribs_of(iter_ops(unpack(alone).ops)[0].attribs, pool)["author"] == SYSTEM_AUTHOR


def test_a_text_alone_becomes_a_pad() -> None:
    pool = pool_with("a.x")
    splice = make_splice("\n", 0, 0, "one\ntwo", "*0")
    atext = AText("one\ntwo\n", "*0|1+4*0+3|1+1")
    document = Document()
    document.replay(as_one_revision(atext, pool, 7))
    assert document.atext.text == atext.text
    assert splice
    assert document.authors() == ["a.x", SYSTEM_AUTHOR]


# --- Records -------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [None, -1, "5", 1.5, True])
def test_a_pad_has_to_have_a_head(head: Any) -> None:
    with pytest.raises(BadRecord, match=r"^pad:x: head"):
        head_of({"head": head}, "pad:x")


def test_messages_in_all_ways_that_have_been_written() -> None:
    said = ChatMessage(3, "a.x", 7, "hi", {})
    assert message_of({"text": "hi", "userId": "a.x", "time": 7}, 3) == said
    assert message_of({"text": "hi", "userId": "a.x", "time": "7"}, 3) == said
    assert message_of({"text": "hi", "authorId": "a.x", "time": 7, "userName": "x"}, 3) == said
    assert message_of(chat_record(said), 3) == said
    nobodys = ChatMessage(0, "", 0, "hi", {"customMetadata": {"a": 1}})
    assert message_of({"text": "hi", "authorId": None, "customMetadata": {"a": 1}}, 0) == nobodys
    assert message_of(None, 0) is None
    assert message_of({"text": None}, 0) is None
    assert chat_count({"chatHead": 4}, "pad:x") == 5
    assert chat_count({}, "pad:x") == 0


def test_saved_revisions_once_each() -> None:
    entries = [
        {"revNum": 5, "savedById": "a.x", "label": "L", "timestamp": 9, "id": "i"},
        {"revNum": "5"},
        {"revNum": 7},
        {"revNum": -1},
        "nonsense",
    ]
    first, second = saved_of({"savedRevisions": entries}, "pad:x")
    assert first == (5, "a.x", "L", 9, "i")
    assert second[:4] == (7, "", "Revision 7", 0)
    assert saved_of({"savedRevisions": {}}, "pad:x") == []


def test_a_malformed_colour_is_replaced_alike_each_time() -> None:
    assert author_of({"name": "Ö", "colorId": "#112233"}, "a.x") == ("a.x", "Ö", "#112233")
    assert author_of({"name": None, "colorId": 5}, "a.x") == ("a.x", None, 5)
    replaced = author_of({"colorId": 999}, "a.x")
    assert replaced is not None
    assert 0 <= int(replaced.color) < PALETTE_SIZE
    assert author_of({"colorId": "red"}, "a.x") == replaced, "always the same for the same author"
    assert author_of(None, "a.x") is None
