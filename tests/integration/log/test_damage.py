"""Tests a pad whose keys hold something wrong. The intact parts are read, and the rest is reported
as damaged, by whichever way it is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from padfleet.services.writer.pads.cache import load_pad
from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.keys import Keyspace, PadKeys, author_key
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people.authors import create, read
from padfleet.shared.log.records import Origin, Snapshot
from tests.streams import written_anew

PAD = "damaged"
HEAD = 30


@pytest.fixture
async def keys(redis: Redis, keyspace: Keyspace) -> PadKeys:
    """Stores a pad with a history and a snapshot in the middle of it, and returns the pad's
    keys."""
    pad = WriterPad()
    revisions = [pad.create("text\n", "a.creator", 1)]
    snapshot = b""
    for seq in range(1, HEAD + 1):
        pool = AttributePool()
        author = [("author", "a.x"), ("bold", "true")][: 1 + seq % 2]
        splice = make_splice(pad.atext.text, 0, 0, f"{seq} ", author, pool)
        wire = pool.to_jsonable()
        entry = Submission(PAD, Origin("s", seq), 1, 0, "a.x", pad.head, splice, wire)
        revisions += pad.submit(entry, seq).revisions
        if seq == HEAD // 2:
            snapshot = replace(pad.to_snapshot(), epoch=1).to_bytes()
    staging = await Staging.begin(redis, keyspace, PAD, head=HEAD)
    await staging.add(revisions)
    await staging.install(above_epoch=0, creator="a.creator", read_only_id=None, replace=False)
    found = keyspace.pad(PAD)
    await redis.client.set(found.snap, snapshot)
    await redis.client.hset(found.meta, "snap", HEAD // 2)
    return found


def of_another(change: Callable[[Snapshot], Snapshot]) -> Callable[[bytes], bytes]:
    return lambda stored: change(Snapshot.from_bytes(stored)).to_bytes()


SNAPSHOTS: dict[str, Callable[[bytes], bytes]] = {
    "cut off": lambda stored: stored[:-20],
    "no msgpack": lambda _: b"\xc1",
    "a number": lambda _: b"\x07",
    "empty": lambda _: b"",
    "of a form that is not ours": lambda _: b"\x91\x01",
    "shorter than its attributes": of_another(lambda s: replace(s, text=s.text[5:])),
    "with attributes that its pool lacks": of_another(lambda s: replace(s, pool=[])),
    "with attributes that are none": of_another(lambda s: replace(s, attribs="|||")),
    "of another history": of_another(lambda s: replace(s, chain=b"x")),
    "of another epoch": of_another(lambda s: replace(s, epoch=7)),
    "of a negative revision": of_another(lambda s: replace(s, rev=-5)),
    "of a revision to come": of_another(lambda s: replace(s, rev=HEAD + 1)),
    "with a text of another length": of_another(lambda s: replace(s, text="x" + s.text)),
}


async def read_back(redis: Redis, keys: PadKeys) -> Document:
    document = Document((await read_meta(redis, keys)).epoch)
    await load(redis, keys, await read_meta(redis, keys), document)
    return document


@pytest.mark.parametrize("what", [*SNAPSHOTS, "of a wrong type"])
async def test_a_damaged_snapshot_is_ignored(what: str, redis: Redis, keys: PadKeys) -> None:
    """The history is all there: an intact pad was unreadable."""
    whole = await read_back(redis, keys)
    stored = await redis.client.get(keys.snap)
    assert isinstance(stored, bytes)
    if what == "of a wrong type":
        await redis.client.delete(keys.snap)
        await redis.client.rpush(keys.snap, "x")
    else:
        await redis.client.set(keys.snap, SNAPSHOTS[what](stored))
    again = await read_back(redis, keys)
    assert (again.head, again.chain, again.atext) == (HEAD, whole.chain, whole.atext)
    assert sorted(again.authors()) == sorted(whole.authors())
    # As its writer has it, too: nothing of the attempt is left over.
    pad = await load_pad(redis, keys)
    assert (pad.head, pad.chain, pad.atext) == (HEAD, whole.chain, whole.atext)
    assert pad.sessions["s"][0] == HEAD
    assert pad.creator == "a.creator"
    assert pad.submit(edit(pad), 99).revisions
    if what not in ("of a revision to come", "empty"):
        # Not even the history helps then.
        await redis.client.xdel(keys.revs, "3-1")
        with pytest.raises(CorruptPad):
            await read_back(redis, keys)


def edit(pad: WriterPad) -> Submission:
    pool = AttributePool()
    splice = make_splice(pad.atext.text, 0, 0, "!", [("author", "a.y")], pool)
    wire = pool.to_jsonable()
    return Submission(PAD, Origin("t", 1), 1, pad.epoch, "a.y", pad.head, splice, wire)


DAMAGES: dict[str, Callable[[Redis, PadKeys], Awaitable[Any]]] = {
    "meta of a wrong type": lambda redis, keys: redis.client.set(keys.meta, "x"),
    "meta gone": lambda redis, keys: redis.client.delete(keys.meta),
    "a head that is no number": lambda redis, keys: redis.client.hset(keys.meta, "head", "x"),
    "a record of reigns that is none": lambda r, keys: r.client.hset(keys.meta, "reigns", "x:y"),
    "a creator that is no text": lambda r, keys: r.client.hset(keys.meta, "creator", b"\xff"),
    "a stream of a wrong type": lambda redis, keys: redis.client.set(keys.revs, "x"),
    "a stream that is gone": lambda redis, keys: redis.client.delete(keys.revs),
    "an entry of another form": lambda r, keys: _instead(r, keys, {"x": "y"}),
    "an entry that is no record": lambda r, keys: _instead(r, keys, {"r": b"\xc1"}),
    "an entry whose wire form is none": lambda r, keys: _instead(
        r, keys, {"r": b"\x96\xa1a\x01\xa0\x00\xc4\x00\xc4\x01{"}
    ),
    "chunks of a wrong type": lambda r, keys: _chunks(r, keys, None),
    "chunks that are none": lambda r, keys: _chunks(r, keys, b"x"),
    "fences of a wrong type": lambda redis, keys: redis.client.set(keys.fences, "x"),
    "fences that are no numbers": lambda redis, keys: redis.client.hset(keys.fences, "a.x", "y"),
}


async def _instead(redis: Redis, keys: PadKeys, fields: Any) -> None:
    """Replaces the last entry of the stream."""
    await redis.client.xdel(keys.revs, f"{HEAD}-1")
    await written_anew(redis, keys.revs)
    await redis.client.xadd(keys.revs, fields, id=f"{HEAD}-1")


async def _chunks(redis: Redis, keys: PadKeys, blob: bytes | None) -> None:
    await redis.client.delete(keys.revs, keys.snap)
    if blob is None:
        await redis.client.set(keys.chunks, "x")
    else:
        await redis.client.hset(keys.chunks, "0", blob)


@pytest.mark.parametrize("what", DAMAGES)
async def test_whatever_a_pad_s_keys_hold_it_is_said_to_be_damaged(
    what: str, redis: Redis, keys: PadKeys
) -> None:
    """No other exception is raised, because the readers would not know how to handle it."""
    await DAMAGES[what](redis, keys)
    with pytest.raises(CorruptPad):
        await load_pad(redis, keys)


async def test_an_author_s_key_of_a_wrong_type_hides_nobody_else(redis: Redis) -> None:
    """Nobody could come to a pad on which one such author had ever been."""
    good, bad, ugly = [await create(redis, name) for name in ("good", "bad", "ugly")]
    await redis.client.set(author_key(bad), "x")
    await redis.client.hset(author_key(ugly), "color", "no colour")
    await redis.client.hset(author_key(ugly), "name", b"\xff")
    assert list(await read(redis, [bad, good, ugly])) == [good]
