"""Tests the reads by name of several pads, of the processes of a fleet, and of an inbox."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ResponseError

from padfleet.shared.log.channel_messages import Member
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import StoredHead, are_there, count_sessions, read_heads
from padfleet.shared.log.entries import Deletion
from padfleet.shared.log.fleet.leases import acquire
from padfleet.shared.log.fleet.processes import drop_record, put_record, read_record, silences
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.reading import drop_staged
from padfleet.shared.log.inboxes.received import unread
from padfleet.shared.log.inboxes.standing import (
    MOST_PARKED,
    InboxStanding,
    park,
    read_standing,
    read_standings,
)
from padfleet.shared.log.keys import WORKERS, Keyspace, process_key
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.pads import (
    claim_read_only,
    forget_read_only,
    pad_of_read_only,
)
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people.presence import beat, join
from padfleet.shared.log.records import Origin
from tests.integration.archive.made_pad import written

PADS = ("there", "nobody's", "spoilt", "strange")


@pytest.fixture
async def pads(redis: Redis, keyspace: Keyspace) -> Any:
    """Returns the keys of four pads: one that exists, one that does not, one whose meta record is
    not a hash, and one whose head is not a number."""
    staging = await Staging.begin(redis, keyspace, PADS[0], head=3)
    await staging.add(written(4))
    await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=False)
    keys = [keyspace.pad(pad) for pad in PADS]
    await redis.client.set(keys[2].meta, "no hash")
    await redis.client.hset(keys[3].meta, "head", "many")
    return keys


async def test_what_one_pad_holds_hides_no_other_s_head(redis: Redis, pads: Any) -> None:
    there, nobody, spoilt, strange = await read_heads(redis, pads)
    meta = await read_meta(redis, pads[0])
    assert there == StoredHead(3, meta.epoch, meta.chain)
    assert nobody == StoredHead(-1, 0, b"")
    assert isinstance(spoilt, ResponseError)
    assert isinstance(strange, ValueError)
    assert await read_heads(redis, []) == []


async def test_which_pads_are_there(redis: Redis, pads: Any) -> None:
    assert await are_there(redis, [pads[1], pads[0], pads[1]]) == [False, True, False]
    with pytest.raises(ResponseError):
        await are_there(redis, pads)


async def test_how_many_are_on_each_pad(redis: Redis, pads: Any) -> None:
    for session in ("s-1", "s-2"):
        await join(redis, pads[0], Member(session, "a.x", "w-1", "Ada", 3, False, False))
    assert await count_sessions(redis, pads[:2]) == [2, 0]


async def test_a_process_keeps_a_record_for_a_while(redis: Redis) -> None:
    assert await read_record(redis, "worker", "w-1") is None
    await put_record(redis, "worker", "w-1", b"first", 60)
    await put_record(redis, "worker", "w-1", b"second", 60)
    assert await read_record(redis, "worker", "w-1") == b"second"
    assert 0 < await redis.client.ttl(process_key("worker", "w-1")) <= 60
    await drop_record(redis, "worker", "w-1")
    assert await read_record(redis, "worker", "w-1") is None


async def test_beats_are_looked_at_and_not_counted_out(redis: Redis) -> None:
    assert await silences(redis, WORKERS) == []
    for process in ("w-2", "w-1"):
        await beat(redis, WORKERS, process, 60_000)
    for _ in range(2):
        found = await silences(redis, WORKERS)
        assert [name for name, _ in found] == ["w-1", "w-2"]
        assert all(silence >= 0 for _, silence in found)


async def test_how_an_inbox_stands(redis: Redis, keyspace: Keyspace, inbox: InboxWriter) -> None:
    partition = keyspace.partition_of("pad")
    empty = await read_standing(redis, keyspace, partition)
    assert empty == ("", None, None, 0, 0)
    await acquire(redis, keyspace, partition, "writer-1", 60_000)
    await inbox.put(Deletion("pad", Origin("w-1", 1), "a.x", True))
    full = await read_standing(redis, keyspace, partition)
    assert (full.owner, full.entries, full.parked) == ("writer-1", 1, 0)
    assert full.left_ms is not None
    assert 0 < full.left_ms <= 60_000
    assert full.waiting_ms is not None


async def test_how_many_inboxes_stand_is_read_whatever_has_become_of_some(
    redis: Redis, keyspace: Keyspace
) -> None:
    await acquire(redis, keyspace, 0, "writer-1", 60_000)
    await redis.client.set(keyspace.state(1), "no hash")
    await redis.client.set(keyspace.inbox(2), "no stream")
    first, *spoilt, last = await read_standings(redis, keyspace, [0, 1, 2, 3])
    assert isinstance(first, InboxStanding)
    assert first.owner == "writer-1"
    assert last == ("", None, None, 0, 0)
    for found in spoilt:
        assert "WRONGTYPE" in str(found)
    for partition in (1, 2):
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await read_standing(redis, keyspace, partition)
    assert await read_standings(redis, keyspace, []) == []


async def test_what_is_parked_twice_stands_there_once(redis: Redis, keyspace: Keyspace) -> None:
    half = unread("malformed", "half a character: \ud83d", 7, b"start")
    await park(redis, keyspace, 1, "5-1", half)
    with pytest.raises(ResponseError):
        await park(redis, keyspace, 1, "5-1", half)
    for number in range(MOST_PARKED + 5):
        await park(redis, keyspace, 1, f"6-{number}", half)
    assert (await read_standing(redis, keyspace, 1)).parked == MOST_PARKED
    assert (await read_standing(redis, keyspace, 2)).parked == 0


async def test_a_read_only_id_is_forgotten_alone(redis: Redis) -> None:
    for name in ("r.one", "r.two"):
        assert await claim_read_only(redis, name, "pad") == name
    await forget_read_only(redis, "r.one")
    assert await pad_of_read_only(redis, "r.one") is None
    assert await pad_of_read_only(redis, "r.two") == "pad"


async def test_what_stood_beside_the_inbox_is_taken_away(redis: Redis, keyspace: Keyspace) -> None:
    keys = [keyspace.staging(1, token) for token in "abc"]
    for key in keys:
        await redis.client.hset(key, "0", "part")
    await drop_staged(redis, keys[:2])
    assert [await redis.client.exists(key) for key in keys] == [0, 0, 1]


async def test_a_server_is_there(redis: Redis) -> None:
    await redis.ping()
