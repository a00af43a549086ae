"""Tests that an author who is erased stays erased on pads that lie in the cold store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from padfleet.shared.cold.layout.pads import ObjectPads
from padfleet.shared.cold.stores.files import FileStore
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.connection.several import read_heads
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.people.author_records import stored_author
from tests.eventually import eventually
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, Caller
from tests.tools import padfleet

PADS = ("one", "two")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cold"


@pytest.fixture
def fleet(tmp_path: Path, folder: Path) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_AUTHOR_ERASURE": "true",
        "PADFLEET_COLD_URL": f"file://{folder}",
        "PADFLEET_COLD_AFTER": "1",
        "PADFLEET_COLD_EVERY": "0.2",
    }
    with fleet_of_its_own(tmp_path / "fleet", settings, writers=1, workers=1) as running:
        yield running


async def test_an_erased_author_is_anonymous_in_the_cold_store_too(
    fleet: Fleet, folder: Path
) -> None:
    cold, redis = ObjectPads(FileStore.at(folder)), open_redis(fleet.redis_url)
    keyspace = Keyspace(4)

    async def in_redis() -> int:
        found = await read_heads(redis, [keyspace.pad(pad) for pad in PADS])
        return sum(not isinstance(head, Exception) and head.head >= 0 for head in found)

    async def frozen() -> bool:
        looks = [await cold.look(pad) for pad in PADS]
        return all(look is not None and look.mark == "frozen" for look in looks)

    async with Caller(fleet.urls[0], version="1.3.1") as api:
        ada = (await api.createAuthor(name="Ada"))["authorID"]
        bob = (await api.createAuthor(name="Bob"))["authorID"]
        for pad in PADS:
            await api.createPad(padID=pad, text="by Ada\n", authorId=ada)
            await api.appendText(padID=pad, text="by Bob\n", authorId=bob)
            await api.appendChatMessage(padID=pad, text="I am Ada", authorID=ada)
            await api.appendChatMessage(padID=pad, text="I am Bob", authorID=bob)
        await eventually(frozen, "all pads are in the cold store", timeout=60)
        assert (await api.listPadsOfAuthor(authorID=bob))["padIDs"] == list(PADS)
        before = {pad: await cold.look(pad) for pad in PADS}
        said = await api.anonymizeAuthor(authorID=ada)
        assert (said["affectedPads"], said["clearedChatMessages"]) == (2, 2)
        assert await in_redis() == 0, "none of them was brought into Redis for that"
        for pad in PADS:
            found = await cold.read(pad)
            old = before[pad]
            assert found is not None
            assert old is not None
            assert (found.head.chain, found.head.mark) == (old.chain, "frozen")
            messages = [
                ChatMessage.from_record(0, dict(zip(flat[::2], flat[1::2], strict=True))[b"m"])
                for _, flat in found.chat
            ]
            assert [message.author for message in messages] == ["", bob]
            known = {name: stored_author(name, flat) for name, flat in found.authors}
            author = known[ada]
            assert author is not None
            assert (author.name, author.color) == (None, 0)
        # And when the pad is opened again, it is so, too.
        history = (await api.getChatHistory(padID="one"))["messages"]
        assert [(m["userId"], m["userName"]) for m in history] == [(None, None), (bob, "Bob")]
        assert await api.getAuthorName(authorID=ada) is None
        assert (await api.getText(padID="one"))["text"] == "by Ada\nby Bob\n\n"
        renamed = await padfleet(
            fleet.redis_url, "pads", "rename", "two", "three", PADFLEET_COLD_URL=f"file://{folder}"
        )
        assert renamed.code == 0, renamed
        assert (await api.getText(padID="three"))["text"] == "by Ada\nby Bob\n\n"
    await redis.close()
    await cold.aclose()
