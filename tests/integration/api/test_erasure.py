"""Tests the erasure of an author by the HTTP API."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from padfleet.shared.client import connect
from padfleet.shared.log.changes import erasure
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chat import say
from padfleet.shared.log.people.recognition import known_author
from tests.fleet import Fleet, fleet_of_its_own
from tests.integration.api.caller import KEY, ApiFailed, Caller
from tests.tools import padfleet

NOTHING = {
    "affectedPads": 0,
    "removedTokenMappings": 0,
    "removedExternalMappings": 0,
    "clearedChatMessages": 0,
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    settings = {
        "PADFLEET_PARTITIONS": "4",
        "PADFLEET_API_KEY": KEY,
        "PADFLEET_AUTHOR_ERASURE": "true",
    }
    with fleet_of_its_own(
        tmp_path_factory.mktemp("erasure"), settings, writers=1, workers=1
    ) as running:
        yield running


@pytest.fixture
async def api(fleet: Fleet) -> AsyncIterator[Caller]:
    async with Caller(fleet.urls[0], version="1.3.1") as caller:
        yield caller


async def test_an_erased_author_is_anonymous_and_the_text_stays(api: Caller, fleet: Fleet) -> None:
    pad, other = (f"pad-{secrets.token_hex(4)}" for _ in range(2))
    mapper = f"person-{secrets.token_hex(4)}"
    author = (await api.createAuthorIfNotExistsFor(authorMapper=mapper, name="Ada"))["authorID"]
    bob = (await api.createAuthor(name="Bob"))["authorID"]
    group = (await api.createGroup())["groupID"]
    until = str(int(time.time()) + 3600)
    session = await api.createSession(groupID=group, authorID=author, validUntil=until)
    for name in (pad, other):
        await api.createPad(padID=name, text="by Ada\n", authorId=author)
        await api.appendText(padID=name, text="by Bob\n", authorId=bob)
        for number in range(3):
            await api.appendChatMessage(padID=name, text=f"I am Ada {number}", authorID=author)
            await api.appendChatMessage(padID=name, text=f"I am Bob {number}", authorID=bob)
    text = await api.getText(padID=pad)
    said = await api.anonymizeAuthor(authorID=author)
    assert said == {
        "affectedPads": 2,
        "removedTokenMappings": 0,
        "removedExternalMappings": 1,
        "clearedChatMessages": 6,
    }
    assert await api.getAuthorName(authorID=author) is None
    assert await api.getAuthorName(authorID=bob) == "Bob"
    assert await api.getText(padID=pad) == text
    assert author in (await api.listAuthorsOfPad(padID=pad))["authorIDs"]
    for name in (pad, other):
        messages = (await api.getChatHistory(padID=name))["messages"]
        assert [(m["userId"], m["userName"], m["text"]) for m in messages] == [
            pair
            for number in range(3)
            for pair in [
                (None, None, f"I am Ada {number}"),
                (bob, "Bob", f"I am Bob {number}"),
            ]
        ]
    assert not await api.listSessionsOfAuthor(authorID=author)
    with pytest.raises(ApiFailed, match="sessionID does not exist"):
        await api.getSessionInfo(sessionID=session["sessionID"])
    again = await api.createAuthorIfNotExistsFor(authorMapper=mapper, name="Ada")
    assert again["authorID"] != author
    # The chat goes on behind what is there.
    await api.appendChatMessage(padID=pad, text="and on", authorID=bob)
    assert await api.getChatHead(padID=pad) == {"chatHead": 6}
    assert await api.anonymizeAuthor(authorID=author) == NOTHING
    ended = await padfleet(fleet.redis_url, "verify", "--all")
    assert ended.code == 0, ended


async def test_a_browser_is_a_new_author_when_it_comes_again(api: Caller, fleet: Fleet) -> None:
    pad, token = f"pad-{secrets.token_hex(4)}", f"t.{secrets.token_urlsafe(12)}"
    async with connect(f"{fleet.urls[0]}/p/{pad}", token=token, name="Ada") as open_pad:
        await open_pad.append("hello")
    redis = open_redis(fleet.redis_url)
    try:
        author = await known_author(redis, token)
        assert author
        said = await api.anonymizeAuthor(authorID=author)
        assert said == {**NOTHING, "affectedPads": 1, "removedTokenMappings": 1}
        assert await known_author(redis, token) == ""
    finally:
        await redis.close()
    assert "hello" in (await api.getText(padID=pad))["text"]
    assert await api.getAuthorName(authorID=author) is None


async def test_what_is_said_meanwhile_is_not_lost(api: Caller, fleet: Fleet) -> None:
    """The chat is written anew beside its place, and then again if it has grown."""
    pad = f"pad-{secrets.token_hex(4)}"
    author = (await api.createAuthor(name="Ada"))["authorID"]
    await api.createPad(padID=pad, text="x\n", authorId=author)
    await api.appendChatMessage(padID=pad, text="first", authorID=author)
    redis, keyspace = open_redis(fleet.redis_url), Keyspace(4)
    keys = keyspace.pad(pad)
    interrupted = 0

    async def say_something(*args: Any) -> object:
        nonlocal interrupted
        if interrupted < 2:
            interrupted += 1
            await say(redis, keys, text=f"later {interrupted}", author=author, now_ms=1)
        return await rechat(*args)

    rechat = scripts.RECHAT
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scripts, "RECHAT", say_something)
        assert await erasure.take_out_of_chat(redis, keyspace, pad, author) == 3
        patched.setattr(erasure, "ATTEMPTS", 1)
        interrupted = 1
        await say(redis, keys, text="last", author=author, now_ms=1)
        with pytest.raises(erasure.ChatContended):
            await erasure.take_out_of_chat(redis, keyspace, pad, author)
    messages = (await api.getChatHistory(padID=pad))["messages"]
    assert [m["text"] for m in messages] == ["first", "later 1", "later 2", "last", "later 2"]
    assert [m["userId"] for m in messages] == [None] * 3 + [author] * 2
    assert [key async for key in redis.client.scan_iter("pf:{*}:staging:*")] == []
    await redis.close()


@pytest.mark.parametrize("author", ["", "a.etherpad-system", "a.nobody", "x" * 500, "a b", "*"])
async def test_an_unknown_author_needs_no_erasure(api: Caller, author: str) -> None:
    if not author:
        with pytest.raises(ApiFailed, match="authorID is required"):
            await api.anonymizeAuthor(authorID=author)
    else:
        assert await api.anonymizeAuthor(authorID=author) == NOTHING
