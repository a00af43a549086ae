"""Makes small archives for tests."""

from __future__ import annotations

from io import BytesIO

from padfleet.shared.archive.entries import (
    ArchivedChat,
    ArchivedSaved,
    ArchivedTokens,
    Authors,
    Entry,
    PadDone,
    PadHead,
    Revisions,
)
from padfleet.shared.archive.writing import ArchiveWriter
from padfleet.shared.log.records import Origin, Revision, chain_of


def revisions(count: int) -> list[Revision]:
    found: list[Revision] = []
    for rev in range(count):
        wire = b'{"newRev":%d}' % rev
        chain = chain_of(found[-1].chain if found else b"", wire)
        found.append(Revision(rev, "a.x", 1000 + rev, Origin("s", rev + 1), chain, wire))
    return found


def pad(name: str, count: int) -> list[Entry]:
    history = revisions(count)
    half = count // 2
    return [
        PadHead(name, 3, count - 1, history[-1].chain, history[-1].time, "a.x", "r.0"),
        Revisions(0, [revision.to_record() for revision in history[:half]]),
        Revisions(half, [revision.to_record() for revision in history[half:]]),
        ArchivedChat([("1-1", [b"text", b"hi"])]),
        ArchivedSaved([b"one"]),
        Authors([("a.x", [b"name", b"Ada", b"color", b"n3"])]),
        PadDone(),
    ]


def whole() -> list[Entry]:
    return [*pad("first", 4), *pad("second", 3), ArchivedTokens([("00ff", "a.x")])]


def archive(entries: list[Entry], *, finish: bool = True) -> bytes:
    file = BytesIO()
    writer = ArchiveWriter(file)
    for entry in entries:
        writer.write(entry)
    if finish:
        writer.finish()
    return file.getvalue()
