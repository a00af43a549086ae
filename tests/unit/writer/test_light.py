"""Tests that what is taken at once has the same result as one by one, and that the rest is left
untouched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, NoReturn

import pytest

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.settling.light import take_light
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.entries import Creation, Deletion, Entry, Fence, Submission
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes.received import Received, UnreadEntry
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Origin

KEYSPACE = Keyspace(1)
TEXT = "some text\n"
AUTHORS = ("a.one", "a.two", "a.three")


def made(*names: str) -> dict[str, WriterPad]:
    pads = {name: WriterPad() for name in names}
    for pad in pads.values():
        pad.create(TEXT, "a.creator", 1)
    return pads


def types(pad: str, seq: int, base: int, before: str, author: str = AUTHORS[0]) -> Submission:
    pool = AttributePool()
    changeset = make_splice(before + "\n", seq % 4, 0, "xy", [("author", author)], pool)
    origin = Origin(f"s.{author}", seq)
    return Submission(pad, origin, 1, 0, author, base, changeset, pool.to_jsonable())


def batch_of(*entries: Entry) -> Batch:
    received = [Received(f"{number}-0", entry) for number, entry in enumerate(entries, 1)]
    return Batch(Lease(0, 1, "0-0", "reign"), received)


def take(
    batch: Batch, pads: dict[str, WriterPad], is_over: Callable[[], bool] = lambda: False
) -> None:
    take_light(batch, pads.get, KEYSPACE.pad, is_over)


def test_I1_I2_taking_entries_at_once_gives_the_same_result_as_one_by_one() -> None:
    dice = Random(7)
    pads, plain = made("p", "q"), made("p", "q")
    entries: list[Entry] = []
    for seq in range(1, 80):
        entries.append(types(dice.choice("pq"), seq, 0, TEXT, dice.choice(AUTHORS)))
        if seq % 9 == 0:
            entries.append(entries[-1])  # stands there twice
        if seq % 11 == 0:
            entries.append(replace(types("p", seq, 0, TEXT), changeset="Z:1>1*0+1$x"))  # refused
    batch = batch_of(*entries)
    take(batch, pads)
    assert batch.is_whole
    assert batch.position == f"{len(entries)}-0"
    for name, item in batch.work.items():
        assert item.head == 0
        own = [e for e in entries if isinstance(e, Submission) and e.pad == name]
        results = [plain[name].submit(entry, 5) for entry in own]
        expected = [(r.rev, r.author, r.origin) for result in results for r in result.revisions]
        assert [(r.rev, r.author, r.origin) for r in item.revisions] == expected
        assert item.outcomes == [r.outcome for r in results if r.outcome is not None]
        assert pads[name].atext == plain[name].atext


class Broken(WriterPad):
    """Meets a fault of ours in the middle of an edit."""

    def submit(self, *args: Any, **options: Any) -> NoReturn:
        super().submit(*args, **options)
        raise RuntimeError("a fault")


def test_I1_a_pad_in_memory_is_forgotten_after_a_fault() -> None:
    """This includes a pad that had no part in the batch before the fault."""
    pads = made("p")
    pads["q"] = Broken()
    pads["q"].create(TEXT, "a.creator", 1)
    batch = batch_of(types("p", 1, 0, TEXT), types("q", 1, 0, TEXT))
    with pytest.raises(RuntimeError, match="a fault"):
        take(batch, pads)
    assert sorted(batch.begin_again()) == ["p", "q"]
    assert batch.taken == 0


LATER = [
    Fence("p", Origin("f", 1), 7, "a.one"),
    Creation("p", Origin("c", 1), "a.one", "text"),
    Deletion("p", Origin("d", 1), "a.one"),
    types("elsewhere", 1, 0, TEXT),
    replace(types("q", 9, 0, TEXT), epoch=4),
    replace(types("p", 9, 0, TEXT), changeset="Z:1>0$" + "x" * 2_000),
    types("refused", 1, 0, TEXT),
]


@pytest.mark.parametrize("entry", LATER, ids=lambda entry: f"{type(entry).__name__} {entry.pad}")
def test_I2_an_entry_that_has_to_wait_ends_the_light_part_and_is_untouched(entry: Entry) -> None:
    pads = made("p", "q", "refused")
    batch = batch_of(types("p", 1, 0, TEXT), entry, types("p", 2, 0, TEXT))
    batch.refused["refused"] = "damaged"
    take(batch, pads)
    assert batch.taken == 1
    assert not batch.is_whole
    assert batch.position == "1-0"
    assert list(batch.work) == ["p"]
    assert pads["p"].head == 1


@pytest.mark.parametrize("why", ["unreadable", "away"])
def test_I2_nothing_is_invented_for_a_pad_that_could_not_be_loaded(why: str) -> None:
    """The pad's place in the batch holds no real pad, and its submissions are answered
    elsewhere."""
    batch = batch_of(types("p", 2, 0, TEXT))
    item = batch.work["p"] = PadBatch(KEYSPACE.pad("p"), WriterPad(), None)
    setattr(item, why, "an entry before this one found that")
    take(batch, made("p"))
    assert batch.taken == 0
    assert item.is_empty


def test_what_cannot_be_read_ends_it() -> None:
    pads = made("p")
    batch = batch_of(types("p", 1, 0, TEXT))
    batch.received.append(Received("2-0", None, UnreadEntry("malformed", "", 0, "p", None)))
    take(batch, pads)
    assert (batch.taken, batch.is_whole) == (1, False)


def test_I1_an_entry_that_needs_older_revisions_ends_the_light_part() -> None:
    pads = made("p")
    pads["p"].submit(types("p", 1, 0, TEXT), 10**6)
    pads["p"]._recent.steps.clear()
    batch = batch_of(types("p", 20, 0, TEXT))
    take(batch, pads)
    assert batch.taken == 0
    assert not batch.work


def test_a_batch_that_takes_long_goes_on_in_another_turn() -> None:
    batch = batch_of(types("p", 1, 0, TEXT), types("p", 2, 0, TEXT))
    take(batch, made("p"), iter([False, True]).__next__)
    assert batch.taken == 1
