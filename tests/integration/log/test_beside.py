"""Tests what is stored beside a pad's revisions: chat, saved revisions, settings and the deletion
token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from padfleet.shared.archive.taking import head_of
from padfleet.shared.easysync import to_units
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad import announcements
from padfleet.shared.log.pad.announcements import Relayed, RevisionSaved, Said, SettingsChanged
from padfleet.shared.log.pad.chat import ChatMessage, NoPad, chat_head, chat_pages, read_chat, say
from padfleet.shared.log.pad.deletion import is_deletion_token, make_deletion_token
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.options import change_options, normalised, parse_options
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.reader import HotReader
from padfleet.shared.log.pad.saved import MOST_SAVED, NotSaved, read_saved, save_revision
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.records import pack
from tests.eventually import eventually
from tests.integration.archive.made_pad import written

PAD = "pad"


@pytest.fixture
async def keys(redis: Redis, keyspace: Keyspace) -> PadKeys:
    """Stores a pad with the revisions 0 to 3 and returns its keys."""
    staging = await Staging.begin(redis, keyspace, PAD, head=3)
    await staging.add(written(4))
    await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=False)
    return keyspace.pad(PAD)


@pytest.fixture
async def heard(redis: Redis, keys: PadKeys) -> AsyncIterator[list[object]]:
    messages: list[object] = []
    subscriber = Subscriber(
        redis, lambda _, data: messages.append(announcements.decode(data)), lambda _: None
    )
    await subscriber.subscribe(keys.channel)
    yield messages
    await subscriber.close()


async def test_chat_is_numbered_from_zero_and_announced(
    redis: Redis, keys: PadKeys, heard: list[object]
) -> None:
    assert await chat_head(redis, keys) == -1
    assert [page async for page in chat_pages(redis, keys, 1)] == []
    half = "\ud83d"
    assert await say(redis, keys, text=half, author="a.x", now_ms=5) == 0
    more = {"customMetadata": {"n": [1, None, 1e30, 1e300]}}
    assert await say(redis, keys, text="b", author="", now_ms=6, extra=more) == 1
    said = [ChatMessage(0, "a.x", 5, half, {}), ChatMessage(1, "", 6, "b", more)]
    assert await chat_head(redis, keys) == 1
    assert await read_chat(redis, keys, 0, 100) == said
    assert await read_chat(redis, keys, -5, 0) == said[:1]
    assert await read_chat(redis, keys, 1, 1) == said[1:]
    assert await read_chat(redis, keys, 2, 1) == []
    assert [page async for page in chat_pages(redis, keys, 1)] == [said[:1], said[1:]]
    assert [page async for page in chat_pages(redis, keys, 2)] == [said]
    await eventually(lambda: heard == [Said(message, None) for message in said])


@pytest.mark.parametrize(
    ("between", "repeated", "stored"),
    [
        (99, False, False),
        (100, False, True),
        (100, True, False),
        (999, True, False),
        (1000, True, True),
    ],
)
async def test_a_chat_message_that_its_author_repeats_is_stored_once(
    redis: Redis, keys: PadKeys, between: int, repeated: bool, stored: bool
) -> None:
    first = await say(redis, keys, text="once", author="", now_ms=1, request="r")
    for _ in range(between):
        await say(redis, keys, text="more", author="", now_ms=1)
    again = await say(redis, keys, text="once", author="", now_ms=1, request="r", repeated=repeated)
    assert again == (between + 1 if stored else first)


async def test_chat_from_everywhere_at_once_has_no_hole(redis: Redis, keys: PadKeys) -> None:
    indexes = await asyncio.gather(
        *(say(redis, keys, text=str(n), author="a.x", now_ms=n) for n in range(50))
    )
    assert sorted(indexes) == list(range(50))
    found = await read_chat(redis, keys, 0, 99)
    assert {m.number: m.text for m in found} == {i: str(n) for n, i in enumerate(indexes)}


async def test_what_was_said_once_stands_there_once(
    redis: Redis, keys: PadKeys, heard: list[object]
) -> None:
    """The client library repeats a call whose answer was lost."""
    record = ChatMessage(-1, "a.x", 5, "a", {}).to_record()
    for name, index in (("one", 0), ("two", 1), ("one", 0), ("two", 1)):
        told = pack((record, None))
        args: list[str | bytes | int] = [keys.channel, record, name, told, 100]
        assert await scripts.CHAT(redis.client, [keys.chat, keys.meta], args) == index
    assert await chat_head(redis, keys) == 1
    await say(redis, keys, text="end", author="a.x", now_ms=6)
    await eventually(lambda: len(heard) == 3)


async def test_where_there_is_no_pad_nothing_is_put_beside_it(
    redis: Redis, keyspace: Keyspace
) -> None:
    nowhere = keyspace.pad("nowhere")
    with pytest.raises(NoPad):
        await say(redis, nowhere, text="a", author="a.x", now_ms=1)
    with pytest.raises(NoPad):
        await save_revision(redis, nowhere, 0, "a.x", "", 1)
    with pytest.raises(NoPad):
        await change_options(redis, nowhere, {})
    assert await redis.client.exists(nowhere.chat, nowhere.saved, nowhere.meta) == 0


async def test_a_revision_is_saved_once(redis: Redis, keys: PadKeys, heard: list[object]) -> None:
    first = await save_revision(redis, keys, 3, "a.x", "", 7)
    assert first is not None
    assert first[:4] == (3, "a.x", "Revision 3", 7)
    assert await save_revision(redis, keys, 3, "a.y", "again", 8) is None
    second = await save_revision(redis, keys, 0, "a.y", to_units("😀"), 9)
    assert second is not None
    assert second.id != first.id
    assert await read_saved(redis, keys) == [first, second]
    with pytest.raises(NotSaved, match="no revision 4 yet"):
        await save_revision(redis, keys, 4, "a.x", "", 7)
    await eventually(lambda: heard == [RevisionSaved(first), RevisionSaved(second)])


async def test_saved_revisions_have_a_limit(redis: Redis, keys: PadKeys) -> None:
    await redis.client.rpush(keys.saved, *[b"\xc1 no msgpack"] * MOST_SAVED)
    with pytest.raises(NotSaved, match="limit"):
        await save_revision(redis, keys, 0, "a.x", "", 7)


async def options_of(redis: Redis, keys: PadKeys) -> dict[str, Any]:
    return parse_options((await PadStore(redis, keys).facts(0)).settings)


async def test_settings_are_merged_and_announced(
    redis: Redis, keys: PadKeys, heard: list[object]
) -> None:
    assert await options_of(redis, keys) == normalised(None)
    told = Relayed("message", b"{}")
    change = {"view": {"showLineNumbers": False}, "ep_x": {"n": "\ud83d"}, "nonsense": 1}
    settings = await change_options(redis, keys, change, telling=told)
    assert settings["view"]["showLineNumbers"] is False
    assert settings["view"]["showAuthorColors"] is True
    assert settings["ep_x"] == {"n": "\ud83d"}
    assert "nonsense" not in settings
    await change_options(redis, keys, {"lang": "de"})
    assert await options_of(redis, keys) == {**settings, "lang": "de"}
    now = {**settings, "lang": "de"}
    await eventually(lambda: heard == [SettingsChanged(settings), told, SettingsChanged(now)])


async def test_changes_of_settings_at_once_lose_nothing(redis: Redis, keys: PadKeys) -> None:
    await asyncio.gather(*(change_options(redis, keys, {f"ep_{n}": n}) for n in range(4)))
    settings = await options_of(redis, keys)
    assert [settings[f"ep_{n}"] for n in range(4)] == [0, 1, 2, 3]


async def test_a_deletion_token_is_told_once_and_good_for_one_pad(
    redis: Redis, keys: PadKeys
) -> None:
    token = await make_deletion_token(redis, keys, 1)
    assert token is not None
    assert await make_deletion_token(redis, keys, 1) is None
    assert await is_deletion_token(redis, keys, 1, token)
    assert not await is_deletion_token(redis, keys, 1, token[:-1] + "x")
    assert not await is_deletion_token(redis, keys, 2, token)
    assert token.encode() not in (await redis.client.hgetall(keys.meta)).values()


async def test_a_restored_pad_has_its_settings_and_its_token(
    redis: Redis, keyspace: Keyspace, keys: PadKeys
) -> None:
    await change_options(redis, keys, {"lang": "de"})
    epoch = (await read_meta(redis, keys)).epoch
    token = await make_deletion_token(redis, keys, epoch)
    assert token is not None
    head = await head_of(HotReader(redis, keys, await read_meta(redis, keys)))
    staging = await Staging.begin(redis, keyspace, PAD, head=3)
    await staging.add(written(4))
    installed = await staging.install(
        above_epoch=7,
        creator="a.x",
        read_only_id=None,
        replace=True,
        settings=head.settings,
        deletion=head.deletion,
    )
    assert installed.epoch > 8
    assert (await options_of(redis, keys))["lang"] == "de"
    assert await is_deletion_token(redis, keys, installed.epoch, token)


async def test_a_backup_sees_that_something_was_said_or_saved(redis: Redis, keys: PadKeys) -> None:
    """If it did not, a pad on which nobody writes any more would be backed up once and never
    again."""
    heads = []
    meta = await read_meta(redis, keys)
    for step in (
        lambda: say(redis, keys, text="a", author="a.x", now_ms=1),
        lambda: save_revision(redis, keys, 1, "a.x", "", 1),
        lambda: save_revision(redis, keys, 2, "a.x", "", 1),
        lambda: change_options(redis, keys, {"lang": "de"}),
    ):
        heads.append(await head_of(HotReader(redis, keys, meta)))
        await step()
    heads.append(await head_of(HotReader(redis, keys, meta)))
    assert len(set(heads)) == 5
