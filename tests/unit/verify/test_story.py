"""Tests what `padfleet verify` finds in a history."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from padfleet.services.tools.verify.faults import StoredFault
from padfleet.services.tools.verify.story import Story
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.records import Origin, Revision, Snapshot, chain_of


def written(count: int) -> tuple[list[Revision], Snapshot]:
    """Returns the history of a pad that somebody has written, and the snapshot that its writer
    makes."""
    pad = WriterPad()
    found = [pad.create("start\n", "a.maker", 1)]
    for number in range(1, count):
        pool = AttributePool()
        splice = make_splice(pad.atext.text, 0, 0, f"{number}\n", [("author", "a.x")], pool)
        submission = Submission(
            "p", Origin("s", number), 1, 0, "a.x", number - 1, splice, pool.to_jsonable()
        )
        found += pad.submit(submission, number).revisions
    return found, pad.to_snapshot()


def faults(revisions: list[Revision], snapshot: Snapshot | None = None) -> list[StoredFault]:
    found: list[StoredFault] = []
    story = Story("p", snapshot, found)
    for revision in revisions:
        if revision.rev > story.next:
            story.missing(revision.rev - 1)
        story.take(revision)
    return found


def test_a_whole_history_has_no_faults() -> None:
    revisions, snapshot = written(6)
    assert faults(revisions, snapshot) == []


def test_what_is_missing_is_one_fault() -> None:
    revisions, snapshot = written(6)
    assert faults(revisions[:2] + revisions[4:], snapshot) == [StoredFault("p", 2, 3, "missing")]


def test_a_break_of_the_chain_is_one_fault() -> None:
    revisions, snapshot = written(6)
    revisions[3] = revisions[3]._replace(wire=revisions[3].wire.replace(b"3\\n", b"x\\n"))
    assert faults(revisions, snapshot) == [
        StoredFault("p", 3, 3, "its chain does not follow from what is before it")
    ]


def test_a_revision_that_does_not_apply_is_found_though_its_chain_is_right() -> None:
    revisions, _ = written(3)
    wire = revisions[2].wire.replace(b"Z:", b"Z:9")
    chain = chain_of(revisions[1].chain, wire)
    (fault,) = faults([*revisions[:2], revisions[2]._replace(wire=wire, chain=chain)])
    assert fault.first == 2
    assert fault.what.startswith("cannot be replayed")


def test_time_that_goes_back() -> None:
    revisions, _ = written(4)
    revisions[2] = revisions[2]._replace(time=0)
    assert [(f.first, f.what) for f in faults(revisions)] == [(2, "older than the one before it")]


def changed(snapshot: Snapshot, **values: object) -> Snapshot:
    fields = {name: getattr(snapshot, name) for name in snapshot.__slots__}
    return Snapshot(**{**fields, **values})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda s: changed(s, text=s.text.replace("start", "stars")), "text"),
        (lambda s: changed(s, pool=[("author", "a.somebody"), *s.pool[1:]]), "attributes"),
        (lambda s: changed(s, chain=b"x" * 16), "chain"),
    ],
)
def test_a_snapshot_that_is_not_what_the_revisions_come_to(
    change: Callable[[Snapshot], Snapshot], what: str
) -> None:
    revisions, snapshot = written(5)
    (fault,) = faults(revisions, change(snapshot))
    assert (fault.first, f"snapshot's {what}" in fault.what) == (4, True)


def test_numbers_in_a_pool_mean_nothing() -> None:
    """A writer's pool has numbers that replaying does not give out."""
    revisions, snapshot = written(5)
    replayed = Document()
    for revision in revisions:
        replayed.replay(revision)
    shifted = Document()
    shifted.pool.put("bold", "true")
    for revision in revisions:
        shifted.replay(revision)
    text, attribs = shifted.atext
    assert attribs != replayed.atext.attribs
    pool = [shifted.pool.get(number) for number in range(len(shifted.pool))]
    assert faults(revisions, changed(snapshot, text=text, attribs=attribs, pool=pool)) == []
