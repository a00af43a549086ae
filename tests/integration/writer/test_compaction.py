"""Tests that opening an old pad costs neither more memory nor more time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.history import read_revisions, read_snapshot
from padfleet.shared.log.pad.meta import read_meta
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.integration.writer.traffic import Typist, all_settled_once, create, history

PAD = "old-pad"
REVISIONS = 2 * CHUNK_REVISIONS + 700
KEEP = 300
SNAPSHOT_EVERY = 100


@pytest.fixture
def writers(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_SNAPSHOT_EVERY": str(SNAPSHOT_EVERY),
        "PADFLEET_KEEP_REVISIONS": str(KEEP),
    }
    with Fleet(redis_url, tmp_path, settings) as fleet:
        yield fleet.start(writers=1, workers=0)


async def test_old_revisions_move_into_chunks_and_stay_readable(
    writers: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> None:
    await create(inbox, redis, keyspace, PAD)
    typist = Typist(PAD, "typist", alone=True)
    keys = keyspace.pad(PAD)
    while len(typist.submitted) < REVISIONS:
        await typist.submit(inbox)
    await all_settled_once(redis, keyspace, [typist])

    async def packed() -> bool:
        return await redis.client.hlen(keys.chunks) == 2

    await eventually(packed, "two chunks")
    assert await redis.client.xlen(keys.revs) <= KEEP + CHUNK_REVISIONS
    meta = await read_meta(redis, keys)
    assert meta.first == 2 * CHUNK_REVISIONS

    # Opening reads a snapshot and a short tail.
    assert meta.head - meta.snap <= SNAPSHOT_EVERY + 500  # one batch may pass the mark
    assert (await read_snapshot(redis, keys)) is not None
    opened = Document()
    await load(redis, keys, meta, opened)

    # And any revision is there, wherever it is kept: replayed from the start, it is the same pad.
    replayed = Document()
    for revision in await history(redis, keyspace, PAD):
        replayed.replay(revision)
    assert replayed.atext == opened.atext
    assert replayed.chain == opened.chain
    edge = await read_revisions(redis, keys, 2 * CHUNK_REVISIONS - 2, 2 * CHUNK_REVISIONS + 1)
    assert [revision.rev - 2 * CHUNK_REVISIONS for revision in edge] == [-2, -1, 0, 1]
