"""Tests that a replica's text is updated beside the event loop for edits of many operations
(I10)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, cast

import pytest

from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.pad.document import Document, replay
from padfleet.shared.log.records import Origin, Revision
from tests.eventually import eventually

ME = "a.me"


def revisions(*counts: int) -> tuple[list[Revision], WriterPad]:
    """Returns the revisions of a pad: its first one, and one for each count, which inserts that
    many letters at as many places."""
    pad = WriterPad()
    made = [pad.create("x" * 2000, "a.creator", 1)]
    for number, count in enumerate(counts, 1):
        ops = ("*0+1=1" * count).removesuffix("=1")
        changeset = f"Z:{numeral(pad.body.units)}>{numeral(count)}{ops}${'y' * count}"
        pool = {"numToAttrib": {"0": ["author", ME]}, "nextNum": 1}
        made += pad.submit(
            Submission("p", Origin(ME, number), 0, 0, ME, pad.head, changeset, pool), 2
        ).revisions
    assert pad.head == len(counts)
    return made, pad


class Watch:
    """Records where each revision is applied. Those beside the event loop wait until `open` is
    set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.beside: list[int] = []
        self.in_the_loop: list[int] = []
        self.open = threading.Event()
        home, real = threading.get_ident(), Document.replay

        def watched(document: Document, revision: Revision) -> None:
            if threading.get_ident() == home:
                self.in_the_loop.append(revision.rev)
            else:
                self.beside.append(revision.rev)
                assert self.open.wait(60)
            real(document, revision)

        monkeypatch.setattr(Document, "replay", watched)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


def replica_with(made: list[Revision]) -> PadReplica:
    replica = PadReplica(cast("Any", None), cast("Any", None), ring=1000)
    assert replica.advance(made) is None
    return replica


async def until_begun(watch: Watch) -> None:
    await eventually(lambda: bool(watch.beside), "a large one is taken in")


async def test_only_what_takes_long_is_taken_in_beside_the_event_loop(watch: Watch) -> None:
    made, pad = revisions(1, 800, 2)
    watch.open.set()
    document = Document()
    await replay(document, made)
    assert (watch.in_the_loop, watch.beside) == ([0, 1, 3], [2])
    assert document.atext == pad.atext


async def test_many_small_ones_are_taken_in_by_turns(watch: Watch) -> None:
    made, _ = revisions(*[60] * 60)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await replay(Document(), made)
    counting.cancel()
    assert not watch.beside
    assert turns >= 3


async def test_callers_wait_for_the_reading_under_way_and_nothing_is_applied_twice(
    watch: Watch,
) -> None:
    made, pad = revisions(1, 800, 2)
    replica = replica_with(made[:3])
    asking = [asyncio.create_task(replica.document()) for _ in range(3)]
    await until_begun(watch)
    assert replica.advance(made[3:]) is None
    watch.open.set()
    for document in await asyncio.gather(*asking):
        assert document.head == replica.feed.head == 3
        assert document.atext == pad.atext
    assert sorted(watch.beside + watch.in_the_loop) == [0, 1, 2, 3]


async def test_who_leaves_meanwhile_leaves_nobody_a_text_that_a_thread_still_moves_on(
    watch: Watch,
) -> None:
    made, pad = revisions(1, 800, 2)
    replica = replica_with(made)
    leaving = asyncio.create_task(replica.document())
    await until_begun(watch)
    leaving.cancel()
    await asyncio.wait((leaving,))
    assert leaving.cancelled()
    staying = asyncio.create_task(replica.document())
    await asyncio.sleep(0)
    watch.open.set()
    document = await staying
    assert document.head == 3
    assert document.atext == pad.atext
    assert watch.beside == [2, 2]


async def test_a_pad_that_begins_anew_meanwhile_is_not_taken_for_the_old_one(watch: Watch) -> None:
    made, _ = revisions(1, 800)
    replica = replica_with(made)
    asking = asyncio.create_task(replica.document())
    await until_begun(watch)
    replica.forget(7)
    watch.open.set()
    document = await asking
    assert not document.exists
    assert document.epoch == 7
