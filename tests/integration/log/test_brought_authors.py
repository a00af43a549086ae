"""Authors who come from elsewhere are put on record unless they are known, in one step each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.pipe import Pipe
from padfleet.shared.log.keys import author_key, token_key
from padfleet.shared.log.people import authors, recognition, visitors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.people.recognition import hash_of
from padfleet.shared.log.people.visitors import AuthorVisit

KEEP_MS = 3_600_000


@pytest.fixture
def round_trips(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Returns a list that gets the number of commands of each write to Redis."""
    sent: list[int] = []
    write = Pipe._flush
    alone = redis.client.execute_command

    def counting(pipe: Pipe) -> None:
        sent.append(len(pipe._unsent))
        write(pipe)

    async def counting_one(*args: Any, **options: Any) -> Any:
        sent.append(1)
        return await alone(*args, **options)

    monkeypatch.setattr(Pipe, "_flush", counting)
    monkeypatch.setattr(redis.client, "execute_command", counting_one)
    return sent


async def test_a_known_author_keeps_name_and_colour(redis: Redis) -> None:
    await authors.store(redis, "a.known", name="Lovelace", color="#123456")
    brought = [
        Author("a.known", "Ada", 3),
        Author("a.new", "Charles", 4),
        Author("a.no-name", None, 5),
    ]
    assert await authors.bring(redis, brought) == ["a.new", "a.no-name"]
    assert await authors.bring(redis, brought) == [], "to do it again does no harm"
    assert await authors.read(redis, ["a.known", "a.new", "a.no-name"]) == {
        "a.known": Author("a.known", "Lovelace", "#123456"),
        "a.new": Author("a.new", "Charles", 4),
        "a.no-name": Author("a.no-name", None, 5),
    }


async def test_one_of_many_who_bring_an_author_at_once_records_it(redis: Redis) -> None:
    """Between a look and a write of its own, another would have written, or a name been chosen."""
    names = [f"Ada {number}" for number in range(40)]
    outcomes = await asyncio.gather(
        *(authors.bring(redis, [Author("a.x", name, 1)]) for name in names)
    )
    assert sum(map(len, outcomes)) == 1
    winner = names[next(number for number, new in enumerate(outcomes) if new)]
    assert await authors.read(redis, ["a.x"]) == {"a.x": Author("a.x", winner, 1)}


async def test_a_few_hundred_take_one_round_trip(redis: Redis, round_trips: list[int]) -> None:
    brought = [Author(f"a.{number}", f"Name {number}", number % 64) for number in range(200)]
    assert await authors.bring(redis, brought[:1]) == ["a.0"]  # the server is told the script
    round_trips.clear()
    assert len(await authors.bring(redis, brought)) == 199
    assert round_trips == [200]
    round_trips.clear()
    assert await authors.bring(redis, []) == []
    assert round_trips == []


async def test_a_visitor_is_on_record_for_good_from_then_on(redis: Redis) -> None:
    visit = AuthorVisit(hash_of("t.secret"), KEEP_MS)
    author, _ = await recognition.author_and_made(redis, "t.secret", KEEP_MS)
    await visitors.NotedVisit(redis, Author(author, None, 7), visit, ("Ada", None))
    keys = author_key(author), token_key(visit.token)
    assert [await redis.client.pttl(key) > 0 for key in keys] == [True, True]
    assert await authors.bring(redis, [Author(author, "Another", 9), Author("a.new", None, 1)]) == [
        "a.new"
    ]
    assert [await redis.client.pttl(key) for key in keys] == [-1, -1]
    assert await authors.read(redis, [author]) == {author: Author(author, "Ada", 7)}
    assert await redis.client.hget(author_key(author), visitors.VISITOR) is None


async def test_what_is_no_author_is_left_alone_and_keeps_nobody_from_coming(redis: Redis) -> None:
    await redis.client.set(author_key("a.odd"), "something")
    brought = [Author("a.odd", "Ada", 1), Author("a.new", "Ada", 1)]
    assert await authors.bring(redis, brought) == ["a.new"]
    assert await redis.client.get(author_key("a.odd")) == b"something"


async def test_a_server_that_has_forgotten_its_scripts(redis: Redis) -> None:
    await redis.client.script_flush()
    brought = [Author(f"a.{number}", None, 1) for number in range(3)]
    assert await authors.bring(redis, brought) == ["a.0", "a.1", "a.2"]
