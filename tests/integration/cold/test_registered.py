"""Who an Etherpad knows is known in a fleet on its database, and the other way."""

from __future__ import annotations

import time

import pytest

from padfleet.shared.cold.etherpad.register import EtherpadRegister
from padfleet.shared.log import authors, groups
from padfleet.shared.log.connect import Redis
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
        assert await authors.author_and_made(redis, "t.one", keep_ms) == ("a.there", None)
    assert await authors.known_author(redis, "t.one") == "a.there"
    found = await authors.read(redis, ["a.there"])
    assert found["a.there"] == ("a.there", "Ö", "#112233")
    assert await authors.known_author(redis, "t.none") == ""


async def test_a_browser_is_told_when_somebody_writes(redis: Redis, table: MemoryTable) -> None:
    author, made = await authors.author_and_made(redis, "t.new", 60_000)
    visit = authors.visit_with(redis, "t.new", 60_000)
    assert made is not None
    assert visit is not None
    await authors.seen(redis, made, visit, ("Name", None))
    note = await redis.rush.hget(f"pf:author:{author}", authors.VISITOR)
    assert note is not None
    assert not visit.is_due(note)
    assert table.rows == {}, "who only looks is on no record there"
    await authors.keep(redis, [author])
    assert loads(table.rows["token2author:t.new"]) == author
    assert loads(table.rows[f"globalAuthor:{author}"])["name"] == "Name"
    assert await redis.rush.hget(f"pf:author:{author}", authors.VISITOR) is None


async def test_where_there_is_no_etherpad_no_token_is_kept(redis: Redis) -> None:
    visit = authors.visit_with(redis, "t.secret", 60_000)
    assert visit is not None
    assert "t.secret" not in visit.note()


async def test_authors_for_a_portal(redis: Redis, table: MemoryTable) -> None:
    table.rows["mapper2author:7"] = dumps("a.there")
    assert await authors.author_for(redis, "7") == "a.there"
    ours = await authors.author_for(redis, "8")
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
    found = await groups.valid_session(redis, GROUP, "s.none,s.0123456789abcdef")
    assert found == (GROUP, "a.there", LATER)
    before = dict(table.rows)
    assert await groups.read_session(redis, "s.0123456789abcdef") == found
    assert table.rows == before, "what comes from there is not told there"
    await groups.delete_session(redis, "s.0123456789abcdef")
    assert "session:s.0123456789abcdef" not in table.rows
    assert await groups.read_session(redis, "s.0123456789abcdef") is None


async def test_groups_and_sessions_that_are_made_here(redis: Redis, table: MemoryTable) -> None:
    group = await groups.group_for(redis, "team")
    assert loads(table.rows["mapper2group:team"]) == group
    session = await groups.create_session(redis, group, "a.x", LATER)
    told = loads(table.rows[f"session:{session}"])
    assert told == {"groupID": group, "authorID": "a.x", "validUntil": LATER}
    await groups.forget_group(redis, group)
    assert f"group:{group}" not in table.rows
    assert f"session:{session}" not in table.rows
    assert loads(table.rows["groups"]) == {}
