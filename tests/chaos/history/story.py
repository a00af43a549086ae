"""Tells the pad's story from its stream: what each revision does, the text at any of them, and
where each mark was inserted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from padfleet.shared.easysync import (
    AttributePool,
    EasysyncError,
    apply_to_text,
    attribs_of,
    iter_ops,
    unpack,
)
from padfleet.shared.log.records import Revision
from padfleet.shared.wire.jsontext import BadJson, loads
from tests.chaos.history.recording import digest, pool_json
from tests.chaos.history.stream import Stream

MARK = re.compile(r"\[c\d+\.\d+\]")


def marks_in(text: str) -> tuple[str, ...]:
    """Returns the unique words in a text: ``[c12.37]`` is the 37th of client c12."""
    return tuple(MARK.findall(text))


class Meaning(NamedTuple):
    """The effect of a changeset, apart from the numbers that its pool gives to attributes."""

    ops: tuple[tuple[str, int, int, frozenset[tuple[str, str]]], ...]
    bank: str


class Deed(NamedTuple):
    """One revision of the stream, parsed."""

    author: str
    changeset: str
    pool: str  #: JSON
    meaning: Meaning
    of_session: bool  #: False: the first revision, or a correction by the server


@lru_cache(maxsize=20_000)
def meaning_of(changeset: str, pool: str) -> Meaning:
    """Returns the effect of a changeset. Raises `EasysyncError` or `BadJson` for nonsense."""
    return meaning_in(changeset, AttributePool.from_jsonable(loads(pool)))


def meaning_in(changeset: str, pool: AttributePool) -> Meaning:
    parts = unpack(changeset)
    return Meaning(
        tuple(
            (op.opcode, op.chars, op.lines, frozenset(attribs_of(op.attribs, pool).items()))
            for op in iter_ops(parts.ops)
        ),
        parts.bank,
    )


class Story:
    """The story of a stream; `faults` are those of the stream itself, by revision."""

    def __init__(self, stream: Stream, wanted: set[int]) -> None:
        """Takes the stream; `wanted` are the revisions whose text will be asked for, besides the
        last one."""
        self.head = -1  #: the last revision up to which the stream is consistent
        self.text = "\n"  #: at `head`
        self.deeds: dict[int, Deed] = {}
        self.marks: dict[str, list[int]] = {}
        """The revisions that insert a mark, one entry for each time."""
        self.faults: list[tuple[int, str]] = []
        self._digests: dict[int, str] = {}
        chain = b""
        for revision in stream.revisions:
            if revision.rev != self.head + 1:
                self.faults.append(
                    (revision.rev, f"revision {revision.rev} stands after {self.head}")
                )
                break
            if not revision.follows(chain):
                self.faults.append((revision.rev, "its hash is not that of the history before it"))
            chain = revision.chain
            if not self._take(revision):
                break
            if revision.rev in wanted:
                self._digests[revision.rev] = digest(self.text)
        if not self.faults and (stream.head, stream.chain) != (self.head, chain):
            self.faults.append(
                (stream.head, f"the meta names head {stream.head}, the stream ends at {self.head}")
                if stream.head != self.head
                else (stream.head, "the meta's hash is not the last revision's")
            )

    def _take(self, revision: Revision) -> bool:
        try:
            data = loads(revision.wire)
            changeset, pool = data["changeset"], pool_json(data["apool"])
            meaning = meaning_of(changeset, pool)
            deed = Deed(revision.author, changeset, pool, meaning, revision.origin is not None)
            self.text = apply_to_text(changeset, self.text)
        except (EasysyncError, BadJson, LookupError, TypeError) as error:
            self.faults.append((revision.rev, f"it does not apply: {error}"))
            return False
        if data.get("newRev") != revision.rev or data.get("author", "") != revision.author:
            self.faults.append((revision.rev, "its wire form is that of another revision"))
        self.head = revision.rev
        self.deeds[revision.rev] = deed
        for mark in marks_in(deed.meaning.bank):
            self.marks.setdefault(mark, []).append(revision.rev)
        return True

    def digest_at(self, rev: int) -> str | None:
        """Returns the digest of the text at a revision, or None if there is no such revision, or it
        was not wanted."""
        return digest(self.text) if rev == self.head else self._digests.get(rev)

    def vanished(self) -> Iterator[tuple[str, int]]:
        """Yields marks that were inserted, and are not in the text at the head. Nobody deletes
        marks."""
        there = set(marks_in(self.text))
        for mark, revs in self.marks.items():
            if mark not in there:
                yield mark, revs[0]
