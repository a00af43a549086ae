"""Tests that an unreadable pad affects only the people on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Deletion, Submission
from padfleet.shared.log.inboxes.inbox import EntryStatus, InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.records import Origin
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.integration.writer.traffic import Typist, all_settled_once, create
from tests.neighbours import neighbour_of


@pytest.fixture
def writer(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as fleet:
        yield fleet.start(writers=1, workers=0)


@pytest.mark.parametrize("what", ["submission", "deletion"])
async def test_a_pad_without_its_revisions_does_not_stop_the_others_of_its_partition(
    writer: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter, what: str
) -> None:
    """The refusal was committed under a head that was not the pad's, so the commit was refused, and
    the same batch came again forever; or the pad was read forever, waiting for the revisions."""
    broken = "broken"
    await create(inbox, redis, keyspace, broken)
    other = neighbour_of(keyspace, broken)
    await create(inbox, redis, keyspace, other)
    keys = keyspace.pad(broken)
    await redis.client.hset(keys.meta, "head", "7")
    await redis.client.delete(keys.revs, keys.snap)
    # A writer that has neither pad in memory.
    writer.writers[0].kill()
    writer.restart(writer.writers[0])
    origin = Origin("s", 1)
    entry: Submission | Deletion = Deletion(broken, origin, "a.creator")
    if what == "submission":
        epoch = (await read_meta(redis, keys)).epoch
        entry = Submission(broken, origin, 1, epoch, "a.x", 7, "Z:1>0$", {"numToAttrib": {}})
    entry_id = await inbox.put(entry)
    typist = Typist(other, "typist")
    await typist.submit(inbox)
    await all_settled_once(redis, keyspace, [typist])

    async def passed() -> bool:
        return await inbox.standing(entry, entry_id) is EntryStatus.PASSED

    await eventually(passed, "it has been answered")
    assert (await read_meta(redis, keys)).head == 7, "what is stored stays as it is"
