"""Writes a pad without a fleet, which is a thousand times as fast."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.archive.entries import (
    ArchivedChat,
    ArchivedSaved,
    Authors,
    PadDone,
    PadHead,
    Revisions,
)
from padfleet.shared.archive.writing import new_archive
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.records import Origin, Revision

CREATOR = "a.maker"
AUTHORS = [(CREATOR, [b"color", b"n3"]), ("a.x", [b"color", b"c#112233", b"name", b"Ada"])]
CHAT = [
    ("0-1", [b"m", ChatMessage(0, "a.x", 5, "hello", {}).to_record(), b"n", b"one"]),
    ("1-1", [b"m", ChatMessage(1, "", 7, "bye", {"x": 1}).to_record(), b"n", b"two"]),
]
SAVED = [
    SavedRevision(2, "a.x", "first", 9, "0a").to_record(),
    SavedRevision(1, CREATOR, "second", 10, "0b").to_record(),
]


def written(count: int, *, parts_at: int | None = None) -> list[Revision]:
    """Returns a pad's revisions. With `parts_at`, the revisions from there on are by another
    author."""
    pad = WriterPad()
    found = [pad.create("start\n", CREATOR, 1)]
    for number in range(1, count):
        pool = AttributePool()
        author = "a.x" if parts_at is None or number < parts_at else "a.y"
        # The same line again and again, so that the text stays short.
        removed = 0 if number == 1 else len(f"{number - 1}\n")
        splice = make_splice(
            pad.body.to_atext().text, 0, removed, f"{number}\n", [("author", author)], pool
        )
        found += pad.submit(
            Submission(
                "p", Origin("s", number), 1, 0, author, number - 1, splice, pool.to_jsonable()
            ),
            number,
        ).revisions
    return found


@cache
def long() -> Sequence[Revision]:
    """Returns the revisions of a long pad. Opening such a pad reads only the newest of them, and
    the older ones are read apart.

    The revisions are made at the first call, so that a run which only collects the tests does not
    pay for them.
    """
    return written(2500)


def write_file(path: Path, name: str, revisions: Sequence[Revision], *, epoch: int = 0) -> PadHead:
    last = revisions[-1]
    head = PadHead(name, epoch, last.rev, last.chain, last.time, CREATOR, "r.made")
    with new_archive(path) as archive:
        archive.write(head)
        for start in range(0, len(revisions), 300):
            part = revisions[start : start + 300]
            archive.write(Revisions(start, [revision.to_record() for revision in part]))
        archive.write(ArchivedChat(CHAT))
        archive.write(ArchivedSaved(SAVED))
        archive.write(Authors(AUTHORS))
        archive.write(PadDone())
    return head
