"""Tests that authors who contribute nothing are forgotten, and that all others are kept."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, cast

import pytest

from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.auth.open_access import OpenAccess
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.keys import author_key, token_key
from padfleet.shared.log.pad import chat, saved
from padfleet.shared.log.people import authors, contributions, recognition, visitors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.records import Origin
from tests.eventually import eventually
from tests.integration.fanout.conftest import KEEP_MS, PAD

TOKEN = "t.0123456789abcdef"
NOBODY = Handshake("", {}, "")


async def visit(join_handler: JoinHandler, token: str = TOKEN, **said: Any) -> Session:
    message = {"padId": PAD, "token": token, **said}
    with join_handler.ahead(message) as ahead:
        identity = await join_handler.identify(NOBODY, message, ahead)
        session, room = await join_handler.join(Outbound(), identity, message)
    await join_handler.leave(room, session)
    return session


def keys_of(author: str, token: str = TOKEN) -> list[str]:
    return [author_key(author), token_key(sha256(token.encode()).hexdigest())]


async def expiries(redis: Redis, author: str) -> list[int]:
    """Returns the milliseconds for which each of the author's keys remains (-1: permanently; -2: it
    does not exist)."""
    return [await redis.client.pttl(key) for key in keys_of(author)]


async def is_kept(redis: Redis, author: str) -> bool:
    return await expiries(redis, author) == [-1, -1]


async def test_a_visitor_who_contributes_nothing_is_forgotten(
    join_handler: JoinHandler, redis: Redis
) -> None:
    author = (await visit(join_handler)).author
    assert all(0 < left <= KEEP_MS for left in await expiries(redis, author))
    for key in keys_of(author):
        await redis.client.delete(key)
    again = (await visit(join_handler)).author
    assert again != author
    assert list(await authors.read(redis, [author, again])) == [again]


async def test_a_returning_visitor_is_kept_longer_but_not_recorded_at_each_join(
    join_handler: JoinHandler, redis: Redis
) -> None:
    author = (await visit(join_handler)).author
    for key in keys_of(author):
        await redis.client.pexpire(key, 1_000_000)
    await visit(join_handler)
    assert max(await expiries(redis, author)) <= 1_000_000, "it was just noted"
    await cast("Any", redis.client.hset(author_key(author), "visitor", _noted_long_ago()))
    await visit(join_handler)
    assert min(await expiries(redis, author)) > 1_000_000
    await redis.client.pexpire(keys_of(author)[0], 1_000_000)
    await cast("Any", redis.client.hset(author_key(author), "visitor", "no note of ours"))
    await visit(join_handler, reconnect=True, client_rev=0)
    assert min(await expiries(redis, author)) > 1_000_000


def _noted_long_ago() -> str:
    return f"{sha256(TOKEN.encode()).hexdigest()} 1000"


async def _by_name(join_handler: JoinHandler, author: str) -> None:
    await authors.update(join_handler.redis, author, name="Ada")


async def _by_color(join_handler: JoinHandler, author: str) -> None:
    await authors.update(join_handler.redis, author, color="#123456")


async def _by_chat(join_handler: JoinHandler, author: str) -> None:
    keys = join_handler.keyspace.pad(PAD)
    await chat.say(join_handler.redis, keys, text="hello", author=author, now_ms=1)


async def _by_saving(join_handler: JoinHandler, author: str) -> None:
    assert await saved.save_revision(
        join_handler.redis, join_handler.keyspace.pad(PAD), 0, author, "", 1
    )


async def _by_import(join_handler: JoinHandler, author: str) -> None:
    await contributions.note(join_handler.redis, [author], "another", 0)


async def _by_typing(join_handler: JoinHandler, author: str) -> None:
    pool = {"numToAttrib": {"0": ["author", author]}, "nextNum": 1}
    await _submit(join_handler, author, "+1$x", pool, 1)


async def _by_deleting(join_handler: JoinHandler, author: str) -> None:
    await _submit(join_handler, author, "-1$", {"numToAttrib": {}, "nextNum": 0}, -1)


async def _submit(
    join_handler: JoinHandler, author: str, ops: str, pool: dict[str, Any], more: int
) -> None:
    room = await join_handler.rooms.enter(PAD)
    text = (await room.replica.document()).atext.text
    sign = ">" if more >= 0 else "<"
    ops = f"*0{ops}" if pool["nextNum"] else ops
    changeset = f"Z:{len(text)}{sign}1{ops}"
    origin = Origin("session", 1)
    await join_handler.inbox.put(Submission(PAD, origin, 1, room.epoch, author, 0, changeset, pool))
    await room.replica.reached(1)
    join_handler.rooms.leave(room)


CONTRIBUTIONS: list[Callable[[JoinHandler, str], Awaitable[None]]] = [
    _by_name,
    _by_color,
    _by_chat,
    _by_saving,
    _by_import,
    _by_typing,
    _by_deleting,
]


@pytest.mark.parametrize("contributes", CONTRIBUTIONS)
async def test_an_author_who_contributes_is_kept_permanently(
    join_handler: JoinHandler,
    redis: Redis,
    contributes: Callable[[JoinHandler, str], Awaitable[None]],
) -> None:
    author = (await visit(join_handler)).author
    assert not await is_kept(redis, author)
    await contributes(join_handler, author)

    async def kept() -> bool:
        return await is_kept(redis, author)

    await eventually(kept, "both keys are there for good")
    for _ in range(2):
        assert (await visit(join_handler)).author == author
    assert await is_kept(redis, author)


async def test_a_visitor_who_only_chooses_a_name_is_known_by_it_while_kept(
    join_handler: JoinHandler, redis: Redis
) -> None:
    """The name may be chosen at the first join, at a later one, or on the pad. If that made an
    author permanent, somebody who takes a new name at every join would leave a record each time."""
    author = (await visit(join_handler, userInfo={"name": "Ada", "colorId": "#123456"})).author
    assert all(0 < left <= KEEP_MS for left in await expiries(redis, author))
    assert await authors.read(redis, [author]) == {author: Author(author, "Ada", "#123456")}
    for key in keys_of(author):
        await redis.client.pexpire(key, 1_000_000)
    assert (await visit(join_handler, userInfo={"name": "Countess"})).author == author
    assert min(await expiries(redis, author)) > 1_000_000, "he was seen"
    await authors.update(redis, author, name="Lovelace", color="#654321", for_good=False)
    assert all(0 < left <= KEEP_MS for left in await expiries(redis, author))
    assert await authors.read(redis, [author]) == {author: Author(author, "Lovelace", "#654321")}
    await _by_chat(join_handler, author)
    assert await is_kept(redis, author)
    assert (await visit(join_handler, userInfo={"name": "Ada"})).author == author
    assert await is_kept(redis, author)


async def test_a_token_whose_author_was_not_put_on_record_is_no_way_to_stay(
    join_handler: JoinHandler, redis: Redis
) -> None:
    """A join that came to nothing leaves such a token behind."""
    author, made = await recognition.author_and_made(redis, TOKEN, KEEP_MS)
    assert made is not None
    assert (await visit(join_handler)).author == author
    assert all(0 < left <= KEEP_MS for left in await expiries(redis, author))


async def test_nobody_who_is_there_for_good_begins_to_expire(
    join_handler: JoinHandler, redis: Redis
) -> None:
    """These are the authors of fleets that set no expiry, and those made by the HTTP API or an
    import."""
    author, new = await recognition.author_and_made(redis, TOKEN)
    assert new is not None
    await authors.store(redis, author, color=new.color)
    assert await is_kept(redis, author)
    assert (await visit(join_handler)).author == author
    seen = await visitors.NotedVisit(
        redis, Author(author, None, 1), visitors.AuthorVisit("", KEEP_MS)
    )
    assert seen == (await authors.read(redis, [author]))[author]
    assert await is_kept(redis, author)
    for made in (
        await authors.create(redis, "Ada"),
        await recognition.author_for(redis, "portal-7"),
    ):
        await visitors.keep(redis, [made, "", "a.nobody"])
        assert await redis.client.pttl(author_key(made)) == -1
    assert not await redis.client.exists(author_key("a.nobody"))


async def test_without_the_setting_all_are_kept(join_handler: JoinHandler, redis: Redis) -> None:
    join_handler.access = OpenAccess(redis, join_handler.keyspace, "", 0)
    assert await is_kept(redis, (await visit(join_handler)).author)


async def test_a_pad_whose_author_was_forgotten_opens(
    join_handler: JoinHandler, redis: Redis
) -> None:
    author = (await visit(join_handler)).author
    await _by_typing(join_handler, author)
    for key in keys_of(author):
        await redis.client.delete(key)
    assert await authors.read(redis, [author]) == {}
    session = await visit(join_handler)
    assert session.author != author
    room = await join_handler.rooms.enter(PAD)
    greeting = await room.greetings.make()
    assert greeting is not None
    assert greeting.rev == 1
    join_handler.rooms.leave(room)
