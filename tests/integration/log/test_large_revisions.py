"""Tests that long parts of a pad are processed beside the event loop, whether they are read or
imported. A single revision may be megabytes long, and others wait for their turn meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from padfleet.services.web.api.texts import bringing_all_of
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.cold import appends
from padfleet.shared.cold.layout import appending
from padfleet.shared.cold.layout.blocks import to_blocks
from padfleet.shared.easysync import AttributePool, Builder
from padfleet.shared.etherpad import writing
from padfleet.shared.etherpad.appending import step
from padfleet.shared.etherpad.records import KEY_REVISIONS
from padfleet.shared.etherpad.writing import etherpad_file
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.reader import open_reader
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.records import Origin, Revision

PAD = "pad"
LARGE = 700_000


def revisions() -> list[Revision]:
    """Returns a short revision, a large one, and a short one of the pad that is large by then."""
    pad = WriterPad()
    found = [pad.create("start\n", "a.maker", 1)]
    for number, text in enumerate(("x\n" * (LARGE // 2), "y"), 1):
        pool = AttributePool()
        length = len(pad.body.to_atext().text)
        builder = Builder(length)
        builder.insert(text, [("author", "a.x")], pool)
        said = builder.to_changeset(), pool.to_jsonable()
        entry = Submission(PAD, Origin("s", number), 1, 0, "a.x", number - 1, *said)
        found += pad.submit(entry, number).revisions
    return found


class Threads:
    """Records whether functions are called in other threads than the main one."""

    def __init__(self) -> None:
        self.beside: list[bool] = []

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self.beside.append(threading.current_thread() is not threading.main_thread())
            return work(*args, **kwargs)

        return noted


@pytest.fixture
def threads() -> Threads:
    return Threads()


async def _bring(redis: Redis, keyspace: Keyspace) -> None:
    staging = await Staging.begin(redis, keyspace, PAD, head=2)
    await staging.add(revisions())
    await staging.install(above_epoch=0, creator="a.maker", read_only_id=None, replace=False)


async def test_a_history_that_is_brought(
    redis: Redis, keyspace: Keyspace, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Document, "replay", threads.around(Document.replay))
    monkeypatch.setattr(Staging, "_snapshot", threads.around(Staging._snapshot))
    await _bring(redis, keyspace)
    assert threads.beside == [False, True, False, True]


async def test_a_history_that_is_exported(
    redis: Redis, keyspace: Keyspace, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _bring(redis, keyspace)
    reader = await open_reader(redis, keyspace, PAD)
    assert reader is not None
    monkeypatch.setattr(writing, "step", threads.around(step))
    text = "".join([piece async for piece in etherpad_file(reader, PAD)])
    assert threads.beside == [False, True, False]
    assert text.startswith('{"pad:pad:revs:0":')


def test_what_a_key_revision_says_of_a_large_pad_is_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The revision itself may be short."""
    document = Document()
    one, large, short = revisions()
    assert not writing._is_key_of_much(document, one)
    document.replay(one)
    document.replay(large)
    assert not writing._is_key_of_much(document, short)
    assert writing._is_key_of_much(document, short._replace(rev=KEY_REVISIONS))


async def test_a_document_that_is_brought_into_a_small_pad() -> None:
    """`Edits.change` is told that the document is large, since the pad that it goes into does not
    show it."""
    document = Document()
    for revision in revisions():
        document.replay(revision)
    assert document.is_large
    change = bringing_all_of(document)(Document())
    assert change is not None
    assert "author" in str(change.pool.to_jsonable())


async def test_a_history_that_is_written_behind(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appending, "to_blocks", threads.around(to_blocks))
    records = [revision.to_record() for revision in revisions()]
    blocks = await appending._blocks_of_new(0, records, b"", None)
    assert threads.beside == [True]
    threads.beside.clear()
    assert (await appending._blocks_of_new(0, records[:1], b"", None))[0].first == 0
    assert threads.beside == [False]
    assert blocks[-1].last == 2
    rows, chain = appends._rows(0, records, b"")
    assert (len(rows), chain) == (3, revisions()[-1].chain)
