"""Tests a pad's document that is moved forward one revision at a time."""

from __future__ import annotations

import pytest

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync import AText, AttributePool
from padfleet.shared.log.pad.document import CorruptPad, Document
from padfleet.shared.log.records import Revision, Snapshot, chain_of
from padfleet.shared.wire.jsontext import dumps

POOL = {"numToAttrib": {}, "nextNum": 0}


def revision(document: Document, changeset: str) -> Revision:
    wire = dumps({"changeset": changeset, "apool": POOL}).encode()
    return Revision(document.head + 1, "", 1, None, chain_of(document.chain, wire), wire)


def test_the_attributed_text_is_that_of_the_head() -> None:
    document = Document()
    assert document.atext == AText("\n", "|1+1")
    document.replay(revision(document, "Z:1>2+2$ab"))
    assert document.atext == AText("ab\n", "|1+3")
    assert document.atext is document.atext  # put together once
    document.replay(revision(document, "Z:3<1-1$"))
    assert document.atext == AText("b\n", "|1+2")


def test_a_revision_that_does_not_apply_leaves_the_document_as_it_was() -> None:
    document = Document()
    document.replay(revision(document, "Z:1>2+2$ab"))
    for changeset in ("Z:9>1+1$x", "Z:3>1|1=1+1$x", "Z:3<1-1=5-1$"):
        with pytest.raises(CorruptPad, match="does not apply"):
            document.replay(revision(document, changeset))
        assert (document.head, document.atext.text) == (0, "ab\n")


def test_a_snapshot_that_does_not_fit_together() -> None:
    with pytest.raises(CorruptPad, match="snapshot"):
        Document().restore(Snapshot(3, 0, "abc\n", "|1+3", [], 1, b"", {}))


def test_a_snapshot_is_where_a_document_can_start() -> None:
    pad = WriterPad()
    pad.create("hello\nworld", "a.1", 1)
    document = Document()
    assert document.atext.text == "\n"
    document.restore(pad.to_snapshot())
    assert (document.atext, document.head, document.chain) == (pad.atext, 0, pad.chain)


def test_authors_are_looked_for_only_among_the_attributes_that_are_new() -> None:
    """Every newcomer asks three times, and a large pad has 200,000 attributes."""
    document = Document()
    looked: list[int] = []

    class Counted(AttributePool):
        __slots__ = ()

        def authors_from(self, begin: int) -> list[str]:
            looked.append(begin)
            return super().authors_from(begin)

    document.pool = Counted()
    for number in range(10):
        document.pool.put("bold", str(number))
    document.pool.put("author", "a.1")
    assert [document.authors(), document.authors()] == [["a.1"], ["a.1"]]
    document.pool.put("author", "a.2")
    assert document.twin().authors() == document.authors() == ["a.1", "a.2"]
    document.pool.truncate(11)
    document.pool.put("author", "a.3")
    assert document.authors() == ["a.1", "a.3"]
    assert looked.count(0) == 2, "at first, and after attributes were taken back"
    assert len(looked) <= 4


def test_authors_of_a_pool_with_gaps() -> None:
    """A client's pool may have any numbers, and what is put into it may take the place of one."""
    pool = AttributePool.from_jsonable(
        {"numToAttrib": {"0": ["bold", "1"], "1": ["author", "a.1"]}, "nextNum": 1}
    )
    assert pool.authors() == ["a.1"]
    pool.put("author", "a.2")
    assert pool.authors() == ["a.2"]
