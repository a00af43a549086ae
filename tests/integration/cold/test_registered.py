"""Tests that a fleet on an Etherpad's database knows the Etherpad's authors, groups and sessions,
and the other way round."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from padfleet.shared.cold.etherpad.register import EtherpadRegister
from padfleet.shared.log.changes import erasure
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import authors, group_sessions, groups, recognition, visitors
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.register import RegisteredSession
from padfleet.shared.wire.jsontext import dumps, loads
from tests.unit.cold.etherpad_cases import MemoryTable

GROUP = "g.0123456789abcdef"
LATER = int(time.time()) + 86_400


@pytest.fixture
def table(redis: Redis) -> MemoryTable:
    table = MemoryTable()
    redis.register = EtherpadRegister(table)
    return table


async def test_a_browser_that_an_etherpad_knows(redis: Redis, table: MemoryTable) -> None:
    table.rows |= {
        "token2author:t.one": dumps("a.there"),
        "globalAuthor:a.there": dumps({"name": "Ö", "colorId": "#112233"}),
    }
    for keep_ms in (1000, 0):
        assert await recognition.author_and_made(redis, "t.one", keep_ms) == ("a.there", None)
    assert await recognition.known_author(redis, "t.one") == "a.there"
    found = await authors.read(redis, ["a.there"])
    assert found["a.there"] == ("a.there", "Ö", "#112233")
    assert await recognition.known_author(redis, "t.none") == ""


async def test_a_browser_is_told_when_somebody_writes(redis: Redis, table: MemoryTable) -> None:
    author, made = await recognition.author_and_made(redis, "t.new", 60_000)
    visit = recognition.visit_with(redis, "t.new", 60_000)
    assert made is not None
    assert visit is not None
    await visitors.NotedVisit(redis, made, visit, ("Name", None))
    note = await redis.auto_pipeline.hget(f"pf:author:{author}", visitors.VISITOR)
    assert note is not None
    assert not visit.is_due(note)
    assert table.rows == {}, "who only looks is on no record there"
    await visitors.keep(redis, [author])
    assert loads(table.rows["token2author:t.new"]) == author
    assert loads(table.rows[f"globalAuthor:{author}"])["name"] == "Name"
    assert await redis.auto_pipeline.hget(f"pf:author:{author}", visitors.VISITOR) is None


async def test_where_there_is_no_etherpad_no_token_is_kept(redis: Redis) -> None:
    visit = recognition.visit_with(redis, "t.secret", 60_000)
    assert visit is not None
    assert "t.secret" not in visit.note()


async def test_authors_for_a_portal(redis: Redis, table: MemoryTable) -> None:
    table.rows["mapper2author:7"] = dumps("a.there")
    assert await recognition.author_for(redis, "7") == "a.there"
    ours = await recognition.author_for(redis, "8")
    assert loads(table.rows["mapper2author:8"]) == ours
    created = await authors.create(redis, "Ö")
    assert loads(table.rows[f"globalAuthor:{created}"])["name"] == "Ö"


async def test_groups_and_sessions_that_an_etherpad_has(redis: Redis, table: MemoryTable) -> None:
    session = {"groupID": GROUP, "authorID": "a.there", "validUntil": LATER}
    table.rows |= {
        "groups": dumps({GROUP: 1}),
        f"group:{GROUP}": dumps({"pads": {f"{GROUP}$p": 1}, "mappings": {"team": 1}}),
        "mapper2group:team": dumps(GROUP),
        "session:s.0123456789abcdef": dumps(session),
    }
    assert await groups.all_groups(redis) == [GROUP]
    assert await groups.group_for(redis, "team") == GROUP
    assert await groups.group_exists(redis, GROUP)
    assert not await groups.group_exists(redis, "g.xxxxxxxxxxxxxxxx")
    assert await groups.pads_of_group(redis, GROUP) == [f"{GROUP}$p"]
    found = await group_sessions.valid_session(redis, GROUP, "s.none,s.0123456789abcdef")
    assert found == (GROUP, "a.there", LATER)
    before = dict(table.rows)
    assert await group_sessions.read_session(redis, "s.0123456789abcdef") == found
    assert table.rows == before, "what comes from there is not told there"
    await group_sessions.delete_session(redis, "s.0123456789abcdef")
    assert "session:s.0123456789abcdef" not in table.rows
    assert await group_sessions.read_session(redis, "s.0123456789abcdef") is None


async def test_groups_and_sessions_that_are_made_here(redis: Redis, table: MemoryTable) -> None:
    group = await groups.group_for(redis, "team")
    assert loads(table.rows["mapper2group:team"]) == group
    session = await group_sessions.create_session(redis, group, "a.x", LATER)
    told = loads(table.rows[f"session:{session}"])
    assert told == {"groupID": group, "authorID": "a.x", "validUntil": LATER}
    await groups.forget_group(redis, group)
    assert f"group:{group}" not in table.rows
    assert f"session:{session}" not in table.rows
    assert loads(table.rows["groups"]) == {}


async def test_authors_that_nobody_has_brought(redis: Redis, table: MemoryTable) -> None:
    """This happens when a portal asks for the author of a pad that nobody has opened yet."""
    table.rows |= {
        "globalAuthor:a.there": dumps({"name": "Ö", "colorId": 5, "padIDs": {"p": 1}}),
        "globalAuthor:a.other": dumps({"name": None, "colorId": 6}),
    }
    known = await authors.read(redis, ["a.there", "a.none", "a.other"])
    assert known == {
        "a.there": Author("a.there", "Ö", 5),
        "a.other": Author("a.other", None, 6),
    }
    await authors.update(redis, "a.there", name="Ä")
    assert (await authors.read(redis, ["a.there"]))["a.there"].name == "Ä"
    told = loads(table.rows["globalAuthor:a.there"])
    assert (told["name"], told["padIDs"]) == ("Ä", {"p": 1}), "an Etherpad has it too"


async def test_nobody_asks_again_and_again_for_authors_who_are_not_known(
    redis: Redis, table: MemoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pad may name thousands whose records are gone: each opening asked for all of them."""
    asked: list[str] = []
    real = table.get

    async def get(keys: Sequence[str]) -> Any:
        asked.extend(keys)
        return await real(keys)

    monkeypatch.setattr(table, "get", get)
    for _ in range(3):
        assert await authors.read(redis, ["a.gone", "a.lost"]) == {}
    assert asked == ["globalAuthor:a.gone", "globalAuthor:a.lost"]
    assert redis.register is not None
    await redis.register.keep_author(Author("a.lost", "Ö", 5))
    assert (await authors.read(redis, ["a.gone", "a.lost"])) == {"a.lost": Author("a.lost", "Ö", 5)}


@pytest.mark.parametrize("keep_ms", [0, 60_000])
async def test_who_comes_by_his_id_keeps_his_name(
    redis: Redis, table: MemoryTable, keep_ms: int
) -> None:
    """A portal's session says which author its visitor is."""
    table.rows["globalAuthor:a.there"] = dumps({"name": "Ö", "colorId": "#112233"})
    visit = recognition.visit_with(redis, None, keep_ms)
    assert await authors.enrol(redis, "a.there", visit) == ("a.there", "Ö", "#112233")


async def test_all_of_a_group_though_part_of_it_was_here_first(
    redis: Redis, table: MemoryTable
) -> None:
    sessions = [RegisteredSession(f"s.{n:016}", GROUP, "a.there", LATER) for n in range(3)]
    register = EtherpadRegister(table)
    await register.keep_group(GROUP, mapper="team")
    for session in sessions:
        await register.keep_session(session)
    pads = [f"{GROUP}$one", f"{GROUP}$two"]
    group = loads(table.rows[f"group:{GROUP}"])
    table.rows[f"group:{GROUP}"] = dumps({**group, "pads": dict.fromkeys(pads, 1)})
    # Somebody comes by one of the sessions, and opens one of the pads.
    assert await group_sessions.valid_session(redis, GROUP, sessions[0].session) is not None
    await groups.adopt(redis, pads[0])
    listed = {session.session for session in sessions}
    assert (await group_sessions.sessions_of_author(redis, "a.there") or {}).keys() == listed
    assert (await groups.sessions_of_group(redis, GROUP) or {}).keys() == listed
    assert await groups.pads_of_group(redis, GROUP) == pads
    assert await group_sessions.sessions_of_author(redis, "a.none") is None
    await groups.forget_group(redis, GROUP)
    gone = [f"session:{session.session}" for session in sessions]
    assert not table.rows.keys() & {*gone, f"group:{GROUP}", "mapper2group:team"}


async def test_an_erased_author_is_anonymous_there(redis: Redis, table: MemoryTable) -> None:
    table.rows |= {
        "globalAuthor:a.there": dumps({"name": "Ö", "colorId": 5}),
        "token2author:t.one": dumps("a.there"),
        "token2author:t.two": dumps("a.there"),
        "mapper2author:7": dumps("a.there"),
    }
    assert await recognition.known_author(redis, "t.one") == "a.there"  # is here, too
    assert await erasure.is_known(redis, "a.there")
    assert await erasure.forget_ways_to(redis, "a.there") == (2, 1)
    await erasure.take_name(redis, "a.there")
    await erasure.settle(redis, "a.there")
    for token in ("t.one", "t.two"):
        assert await recognition.known_author(redis, token) == ""
    assert await recognition.author_for(redis, "7") != "a.there"
    assert (await authors.read(redis, ["a.there"]))["a.there"].name is None
    assert "Ö" not in table.rows["globalAuthor:a.there"]
    assert not await erasure.is_known(redis, "a.there")
