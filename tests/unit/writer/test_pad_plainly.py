"""Tests that the writer's pad agrees with the plain way: revisions, documents, numbers and
refusals."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.pads.rules import SYSTEM_AUTHOR
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    apply_to_text,
    iter_ops,
    make_splice,
)
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.records import Origin, Snapshot
from tests.unit.easysync.strategies import PROPERTY
from tests.unit.easysync.wild import some_changeset, some_text, spoilt
from tests.unit.writer.plain_pad import PlainPad

AUTHORS = ["a.1", "a.2"]


class EvenPad(PlainPad):
    """The plain way, with documents in canonical form.

    An op that keeps "a\\nb" as if it were a line applies. `apply_to_atext` leaves its cut in the
    attributes; the writer's pad does not, and takes it for no change when there is no other.
    """

    def apply(self, changeset: str) -> AText:
        text, attribs = super().apply(changeset)
        out = Assembler()
        position = 0
        for op in iter_ops(attribs):
            out.add_text("+", text[position : position + op.chars], op.attribs)
            position += op.chars
        return AText(text, out.finish())


class Pair:
    """A pad, its plain twin, and the text at each of their revisions."""

    def __init__(self, text: str) -> None:
        self.fast, self.plain = WriterPad(), EvenPad(text, AUTHORS[0])
        self.fast.create(text, AUTHORS[0], 1000)
        self.texts = [self.plain.atext.text]
        self.seq = 0

    def submit(self, submission: Submission) -> None:
        self.seq += 1
        submission = replace(submission, origin=Origin("s", self.seq))
        fast = self.fast.submit(submission, 1000 + self.seq)
        plain = self.plain.submit(submission, 1000 + self.seq)
        assert fast.revisions == plain.revisions
        assert (fast.outcome is None) is (plain.outcome is None)
        if fast.outcome is not None and plain.outcome is not None:
            assert fast.outcome[:4] == plain.outcome[:4]  # the detail may be put differently
        assert self.fast.atext == self.plain.atext
        assert self.fast.pool.to_jsonable() == self.plain.pool.to_jsonable()
        for change in self.plain.changes[len(self.texts) :]:
            self.texts.append(apply_to_text(change.changeset, self.texts[-1]))

    def succeed(self) -> None:
        """Lets another writer take over."""
        snapshot = Snapshot.from_bytes(self.fast.to_snapshot().to_bytes())
        kept = self.fast
        self.fast = WriterPad()
        self.fast.restore(snapshot)
        assert self.fast.atext == kept.atext


def some_submission(source: Random, pair: Pair, oldest: int) -> Submission:
    author = source.choice(AUTHORS)
    head = len(pair.texts) - 1
    base = max(oldest, head - source.choice([0, 0, 1, 3, 10]))
    pool = AttributePool()
    steps = source.choice([0, 1, 1])
    changeset = some_changeset(source, pair.texts[base], pool, author=author, steps=steps)
    if source.random() < 0.1:
        changeset = spoilt(source, changeset)
    numbers = pool.to_jsonable()
    if len(pool) and source.random() < 0.1:
        # Two numbers for one attribute: neighbours turn out to be alike.
        numbers["numToAttrib"][str(len(pool))] = numbers["numToAttrib"]["0"]
        changeset = changeset.replace("*0", f"*{len(pool)}", 1)
    return Submission("pad", Origin("s", 0), 1, 0, author, base, changeset, numbers)


@PROPERTY
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_a_pad_is_what_the_plain_way_makes_of_it(source: Random, count: int) -> None:
    pair = Pair("".join([some_text(source) for _ in range(source.randint(0, 8))]))
    sent: list[Submission] = []
    for _ in range(count):
        if sent and source.random() < 0.15:
            pair.submit(source.choice(sent))  # a retransmission
        else:
            sent.append(some_submission(source, pair, 0))
            pair.submit(sent[-1])


@PROPERTY
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_typing_makes_of_a_pad_what_the_plain_way_makes_of_it(source: Random, count: int) -> None:
    """Most of it is on the head, and by authors whom the pad knows."""
    pair = Pair("".join([some_text(source) for _ in range(source.randint(0, 8))]))
    for _ in range(count):
        head = len(pair.texts) - 1
        base = max(0, head - source.choice([0, 0, 0, 0, 1]))
        text, author = pair.texts[base], source.choice([*AUTHORS, SYSTEM_AUTHOR, ""])
        at = source.randrange(len(text) + source.choice([0, 0, 1]))
        typed = source.choice([some_text(source), "x", "\n"])
        changeset = make_splice(text, at, 0, typed, [("author", author)], AttributePool())
        if source.random() < 0.1:
            changeset = spoilt(source, changeset)
        pool = {"numToAttrib": {"0": ["author", author]}, "nextNum": 1}
        pair.submit(Submission("pad", Origin("s", 0), 1, 0, author, base, changeset, pool))


def test_a_pad_stays_equal_to_the_plain_model_through_a_long_life() -> None:
    """It is long enough for stale submissions, and for a new writer now and then."""
    source = Random(11)
    pair = Pair("".join([some_text(source) for _ in range(50)]))
    oldest = 0
    for number in range(1, 401):
        pair.submit(some_submission(source, pair, oldest))
        if number % 100 == 0:
            pair.succeed()
            oldest = len(pair.texts) - 1  # what is older it would have to read
    assert len(pair.texts) > 250


def test_misplaced_markers_of_an_earlier_writer_are_found_by_the_next() -> None:
    """A snapshot may stem from a writer that knew nothing of markers."""
    pair = Pair("one\ntwo")
    marker = ("list", "bullet1")
    for pad in (pair.fast, pair.plain):
        pad.pool.put(*marker)
    number = pair.fast.pool.find(*marker)
    atext = AText("o*ne\ntwo\n", f"+1*{number}+1|1+3+3|1+1")
    pair.fast.restore(replace(pair.fast.to_snapshot(), text=atext.text, attribs=atext.attribs))
    pair.plain.atext = atext
    pair.texts[0] = atext.text
    pool = AttributePool()
    pool.put("author", AUTHORS[0])
    numbers = pool.to_jsonable()
    for base, changeset in ((0, "Z:9>1|1=5*0+1$x"), (2, "Z:9>1*0+1$x")):
        pair.submit(Submission("p", Origin("s", 0), 1, 0, AUTHORS[0], base, changeset, numbers))
    assert pair.fast.head == 3
    assert pair.fast.atext.text == "xone\nxtwo\n"
