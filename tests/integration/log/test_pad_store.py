"""Tests that what another process has stored of a pad is read by name."""

from __future__ import annotations

import pytest

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.keys import Keyspace, PadKeys, author_key, mapper_key
from padfleet.shared.log.pad.chat import NO_MESSAGES, ChatMessage, say
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, decode_chunk, encode_chunk
from padfleet.shared.log.pad.deletion import is_deletion_token, make_deletion_token
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.options import change_options, normalised
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.saved import read_saved, save_revision
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people.identities import bring_mapper, bring_token, stored_authors
from padfleet.shared.log.people.recognition import hash_of, known_author
from padfleet.shared.log.people.visitors import VISITOR
from padfleet.shared.log.records import Revision
from tests.integration.archive.made_pad import written

PAD = "pad"


@pytest.fixture
async def keys(redis: Redis, keyspace: Keyspace) -> PadKeys:
    """Stores a pad with the revisions 0 to 3 and returns its keys."""
    staging = await Staging.begin(redis, keyspace, PAD, head=3)
    await staging.add(written(4))
    await staging.install(
        above_epoch=0, creator="a.x", read_only_id=None, replace=False, more={"from": "there"}
    )
    return keyspace.pad(PAD)


async def test_what_there_is_beside_the_text(redis: Redis, keys: PadKeys) -> None:
    store = PadStore(redis, keys)
    bare = await store.metadata()
    assert (bare.exists, bare.creator, bare.chat_head, bare.saved) == (True, "a.x", NO_MESSAGES, [])
    await say(redis, keys, text="a", author="a.x", now_ms=5)
    await say(redis, keys, text="b", author="a.x", now_ms=6)
    await save_revision(redis, keys, 2, "a.x", "two", 7)
    await change_options(redis, keys, normalised({"view": {"showChat": False}}))
    full = await store.metadata()
    assert full.chat_head == 1
    assert full.saved == await read_saved(redis, keys)
    assert full.options == normalised({"view": {"showChat": False}})


async def test_a_pad_that_does_not_exist_has_nothing(redis: Redis, keyspace: Keyspace) -> None:
    store = PadStore(redis, keyspace.pad("nobody's"))
    assert not (await store.metadata()).exists
    assert (await store.facts(0)) == (b"", b"", False, NO_MESSAGES, b"")
    assert await store.note("from") is None
    assert await store.newest_in_stream() == -1
    assert not await store.has_history()
    assert await store.entries(0, 10) == []
    assert await store.chunk(0) is None
    assert await store.fence_orders() == {}
    assert [page async for page in store.chat_pages(2)] == []
    assert [page async for page in store.saved_pages(2)] == []


@pytest.mark.parametrize("spoilt", ["chat", "saved"])
async def test_a_key_beside_the_pad_of_a_wrong_type_hides_itself_alone(
    spoilt: str, redis: Redis, keys: PadKeys
) -> None:
    await say(redis, keys, text="a", author="", now_ms=5)
    await save_revision(redis, keys, 2, "a.x", "two", 7)
    await redis.client.set(getattr(keys, spoilt), "no such thing")
    found = await PadStore(redis, keys).metadata()
    assert (found.exists, found.creator) == (True, "a.x")
    assert (found.chat_head, len(found.saved)) == ((NO_MESSAGES, 1) if spoilt == "chat" else (0, 0))


async def test_what_a_backup_begins_with(redis: Redis, keys: PadKeys) -> None:
    store, epoch = PadStore(redis, keys), (await read_meta(redis, keys)).epoch
    token = await make_deletion_token(redis, keys, epoch)
    assert token is not None
    await say(redis, keys, text="a", author="", now_ms=5)
    await save_revision(redis, keys, 1, "a.x", "one", 7)
    last = await save_revision(redis, keys, 2, "a.x", "two", 8)
    await store.set_public(True)
    facts = await store.facts(epoch)
    assert (facts.public, facts.chat_head) == (True, 0)
    assert last is not None
    assert facts.newest_saved == last.to_record()
    assert facts.deletion != b""
    assert await is_deletion_token(redis, keys, epoch, token)
    assert (await store.facts(epoch + 1)).deletion == b"", "of another history"


async def test_a_group_s_pad_is_opened_and_closed(redis: Redis, keys: PadKeys) -> None:
    store = PadStore(redis, keys)
    assert not (await store.facts(0)).public
    for public in (True, False):
        await store.set_public(public)
        assert (await store.facts(0)).public is public


async def test_what_was_noted_when_the_pad_was_brought(redis: Redis, keys: PadKeys) -> None:
    store = PadStore(redis, keys)
    assert await store.note("from") == b"there"
    assert await store.note("to") is None


async def test_pages_have_all_of_it_once_and_in_order(redis: Redis, keys: PadKeys) -> None:
    for number in range(5):
        await say(redis, keys, text=str(number), author="", now_ms=number)
    for rev in range(3):
        await save_revision(redis, keys, rev, "a.x", "", 7)
    store = PadStore(redis, keys)
    pages = [page async for page in store.chat_pages(2)]
    assert [len(page) for page in pages] == [2, 2, 1]
    texts = [ChatMessage.from_record(0, f[b"m"]).text for page in pages for _, f in page]
    assert texts == list("01234")
    saved = [page async for page in store.saved_pages(2)]
    assert [len(page) for page in saved] == [2, 1]
    kept = await read_saved(redis, keys)
    assert [record for page in saved for record in page] == [one.to_record() for one in kept]


async def test_a_history_is_read_undecoded(redis: Redis, keys: PadKeys) -> None:
    store = PadStore(redis, keys)
    assert await store.newest_in_stream() == 3
    assert await store.has_history()
    await redis.client.xadd(keys.revs, {"r": b"whatever"}, id="3-7")
    found = await store.entries(1, 3)
    assert [entry_id for entry_id, _ in found] == [b"1-1", b"2-1", b"3-1", b"3-7"]
    assert Revision.from_record(1, found[0][1][b"r"]).rev == 1
    packed = written(CHUNK_REVISIONS)
    await redis.client.hset(keys.chunks, "0", encode_chunk(packed))
    blob = await store.chunk(0)
    assert blob is not None
    assert [revision.rev for revision in decode_chunk(0, blob)] == list(range(CHUNK_REVISIONS))


@pytest.mark.parametrize("key", ["revs", "chunks", "snap"])
async def test_each_part_of_a_history_is_left_over(
    key: str, redis: Redis, keyspace: Keyspace
) -> None:
    keys = keyspace.pad("gone")
    await redis.client.set(getattr(keys, key), "left")
    assert await PadStore(redis, keys).has_history()


async def test_fences_are_numbers_by_author(redis: Redis, keys: PadKeys) -> None:
    store = PadStore(redis, keys)
    await redis.client.hset(keys.fences, mapping={"a.x": 3, "a.y": 14})
    assert await store.fence_orders() == {"a.x": 3, "a.y": 14}
    await redis.client.hset(keys.fences, "a.z", "many")
    with pytest.raises(CorruptPad, match="not readable"):
        await store.fence_orders()
    await redis.client.set(keys.fences, "no hash")
    with pytest.raises(CorruptPad, match="wrong type"):
        await store.fence_orders()


async def test_authors_are_read_as_they_are_stored(redis: Redis) -> None:
    await redis.client.hset(author_key("a.1"), mapping={"color": "n3", VISITOR: "token 5"})
    await redis.client.hset(author_key("a.2"), mapping={"color": "n4", "name": "Ada"})
    found = await stored_authors(redis, ["a.2", "a.none", "a.1"])
    assert list(found.items()) == [
        ("a.2", {b"color": b"n4", b"name": b"Ada"}),
        ("a.1", {b"color": b"n3"}),
    ]


async def test_a_token_or_name_keeps_its_first_author(redis: Redis) -> None:
    for author in ("a.first", "a.second"):
        await bring_token(redis, hash_of("t.token"), author)
        await bring_mapper(redis, "author", "portal", author)
    assert await known_author(redis, "t.token") == "a.first"
    assert await redis.client.get(mapper_key("author", "portal")) == b"a.first"
