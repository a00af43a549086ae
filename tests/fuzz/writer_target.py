"""Sends hostile submissions to the writer's pad, and compares it with a pad that works in the
plainest way."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.pads.rules import SYSTEM_AUTHOR
from padfleet.shared.easysync import AttributePool, EasysyncError
from padfleet.shared.log.entries import Submission, decode_entry, encode_entry
from padfleet.shared.log.records import Origin
from padfleet.shared.wire.jsontext import loads
from tests.fuzz import corpus, messages
from tests.fuzz.target import Target
from tests.unit.writer.test_pad_plainly import EvenPad

AUTHORS = [corpus.AUTHOR, corpus.OTHER]


class Conversation:
    """Submissions to one pad, most of them based on its text at the start."""

    def __init__(self, source: Random) -> None:
        self.submissions: list[Submission] = []
        for seq in range(1, source.choice([2, 3, 5])):
            author = source.choice(AUTHORS)
            claimed = author if source.random() < 0.8 else source.choice([*AUTHORS, SYSTEM_AUTHOR])
            data = messages.user_changes(source, corpus.PAD_TEXT + "\n", claimed, 0)
            found = _submission(data, author, seq)
            if found is not None:
                self.submissions.append(found)

    def __repr__(self) -> str:
        return f"{self.submissions!r} to {corpus.PAD_TEXT!r}"


def _submission(data: Any, author: str, seq: int) -> Submission | None:
    """Returns what a worker would make of it, or None if it would never reach a writer."""
    if not isinstance(data, dict):
        return None
    base, changeset = data.get("baseRev"), data.get("changeset")
    if type(base) is not int or not isinstance(changeset, str) or abs(base) > 1 << 53:
        return None
    try:
        pool = AttributePool.from_jsonable(data.get("apool")).to_jsonable()
    except EasysyncError:
        return None
    return Submission("pad", Origin("s", seq), 1, 0, author, base, changeset, pool)


def _converse(case: Conversation) -> int:
    pad, plain = WriterPad(), EvenPad(corpus.PAD_TEXT, AUTHORS[0])
    twin = WriterPad()
    twin.replay(pad.create(corpus.PAD_TEXT, AUTHORS[0], 1000))
    size = 0
    for number, submission in enumerate(case.submissions):
        # Texts may contain anything by now, and have to pass the inbox unchanged.
        assert decode_entry(encode_entry(submission)) == submission
        before = (pad.atext, pad.head, pad.chain, len(pad.pool))
        result = pad.submit(submission, 1000 + number)
        expected = plain.submit(submission, 1000 + number)
        assert result.revisions == expected.revisions
        assert pad.atext == plain.atext
        assert pad.atext.text.endswith("\n")
        if not result.revisions:
            assert result.outcome is not None
            assert result.outcome.kind in ("accepted", "refused")
            assert len(result.outcome.detail) < 1000
            assert (pad.atext, pad.head, pad.chain, len(pad.pool)) == before
        for revision in result.revisions:
            _claims_nobody(revision.wire, submission.author)
            twin.replay(revision)
            size += len(revision.wire)
        assert pad.submit(replace(submission), 1000 + number).revisions == []
    assert twin.atext.text == pad.atext.text
    assert twin.chain == pad.chain
    return size


def _claims_nobody(wire: bytes, author: str) -> None:
    """Checks that a revision brings an author into the pool only if it is its own, or was there
    before."""
    pool = loads(wire)["apool"]["numToAttrib"].values()
    claimed = {value for key, value in pool if key == "author" and value}
    assert claimed <= {author, *AUTHORS}, claimed


TARGETS = [Target("writer", Conversation, _converse, (), 120_000, growth=40)]
