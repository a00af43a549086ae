"""Tests people, groups and sessions that an Etherpad has on record, and those that a fleet records
there."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.etherpad.register import EtherpadRegister
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.register import RegisteredSession
from padfleet.shared.wire.jsontext import dumps, loads
from tests.unit.cold.etherpad_cases import MemoryTable

GROUP = "g.0123456789abcdef"
SESSION = RegisteredSession("s.0123456789abcdef", GROUP, "a.x", 4_000_000_000)


@pytest.fixture
def table() -> MemoryTable:
    return MemoryTable()


@pytest.fixture
def register(table: MemoryTable) -> EtherpadRegister:
    return EtherpadRegister(table)


def put(table: MemoryTable, **rows: Any) -> None:
    table.rows |= {key: dumps(value) for key, value in rows.items()}


async def test_an_author_whom_an_etherpad_knows(
    table: MemoryTable, register: EtherpadRegister
) -> None:
    put(
        table,
        **{
            "token2author:t.one": "a.x",
            "mapper2author:7": "a.x",
            "globalAuthor:a.x": {"name": "Ö", "colorId": "#112233"},
            "token2author:t.two": "a.unknown",
            "token2author:t.bad": {"authorID": "a.x"},
            "mapper2group:team": GROUP,
            "groups": {GROUP: 1, "nonsense": 1},
            f"group:{GROUP}": {"pads": {f"{GROUP}$p": 1, "\ud83d": 1}, "mappings": {"team": 1}},
            f"group2sessions:{GROUP}": {"sessionIDs": {SESSION.session: 1, "s.old": 1}},
            f"session:{SESSION.session}": {
                "groupID": GROUP,
                "authorID": "a.x",
                "validUntil": SESSION.valid_until,
            },
            "session:s.old": {"groupID": GROUP, "authorID": "a.x", "validUntil": 5},
        },
    )
    known = Author("a.x", "Ö", "#112233")
    assert await register.author_of_token("t.one") == known
    assert await register.author_of_mapper("7") == known
    unknown = await register.author_of_token("t.two")
    assert unknown is not None
    assert (unknown.id, unknown.name) == ("a.unknown", None)
    for token in ("t.bad", "t.none", "t." + "x" * 200):
        assert await register.author_of_token(token) is None
    assert await register.group_of_mapper("team") == GROUP
    assert await register.group_of_mapper("other") is None
    assert await register.groups() == [GROUP]
    assert await register.group(GROUP) == ([f"{GROUP}$p"], ["team"], [SESSION])
    assert await register.group("g.xxxxxxxxxxxxxxxx") is None
    assert await register.session(SESSION.session) == SESSION
    assert await register.session("s.old") is None
    assert await register.session("nonsense") is None


async def test_an_author_who_is_created_twice_at_once(
    table: MemoryTable, register: EtherpadRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An Etherpad, or a pad that is written behind, has put the row there in the same moment."""
    change, calls = table.change, 0

    async def late(keys: Any, decide: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            table.rows["token2author:t.one"] = dumps("a.first")
            raise Overwritten("somebody has made the row at the same moment")
        await change(keys, decide)

    monkeypatch.setattr(table, "change", late)
    await register.keep_author(Author("a.x", None, 5), token="t.one")
    found = await register.author_of_token("t.one")
    assert found is not None
    assert found.id == "a.first"
    assert "globalAuthor:a.x" in table.rows


async def test_an_author_whom_a_fleet_has_made(
    table: MemoryTable, register: EtherpadRegister
) -> None:
    author = Author("a.x", "Ö", 5)
    await register.keep_author(author, token="t.one", mapper="7")
    assert await register.author_of_token("t.one") == author
    assert await register.author_of_mapper("7") == author
    await register.keep_author(Author("a.y", None, 7), token="t.one")
    assert await register.author_of_token("t.one") == author, "who is known stays who he is"
    await register.keep_author(author, token="t." + "x" * 150)  # longer than any of an Etherpad's
    await register.keep_group(GROUP, mapper="team")
    await register.keep_group(GROUP)
    assert await register.group_of_mapper("team") == GROUP
    assert await register.groups() == [GROUP]
    await register.keep_session(SESSION)
    assert await register.group(GROUP) == ([], ["team"], [SESSION])
    assert loads(table.rows["author2sessions:a.x"]) == {"sessionIDs": {SESSION.session: 1}}
    await register.drop_session(SESSION)
    assert await register.session(SESSION.session) is None
    assert loads(table.rows[f"group2sessions:{GROUP}"]) == {"sessionIDs": {}}
    await register.drop_group(GROUP)
    assert await register.group(GROUP) is None
    assert await register.group_of_mapper("team") is None
    assert await register.groups() == []


async def test_authors_by_their_ids(table: MemoryTable, register: EtherpadRegister) -> None:
    put(
        table,
        **{
            "globalAuthor:a.x": {"name": "Ö", "colorId": "#112233"},
            "globalAuthor:a.y": "nonsense",
        },
    )
    wanted = ["a.x", "a.y", "a.none", "no author", "a." + "x" * 200]
    assert await register.authors(wanted) == [Author("a.x", "Ö", "#112233")]
    many = {f"globalAuthor:a.{number}": {"colorId": 3} for number in range(450)}
    put(table, **many)
    assert len(await register.authors([f"a.{number}" for number in range(450)])) == 450


async def test_sessions_of_an_author(table: MemoryTable, register: EtherpadRegister) -> None:
    assert await register.sessions_of_author("a.x") == []
    await register.keep_session(SESSION)
    assert await register.sessions_of_author("a.x") == [SESSION]
    await register.drop_session(SESSION)
    assert await register.sessions_of_author("a.x") == []


async def test_a_name_that_is_changed_here(table: MemoryTable, register: EtherpadRegister) -> None:
    put(table, **{"globalAuthor:a.x": {"name": "Ö", "colorId": 5, "padIDs": {"p": 1}, "own": 1}})
    await register.change_author(Author("a.x", "Ä", 7))
    told = {"name": "Ä", "colorId": 7, "padIDs": {"p": 1}, "own": 1}
    assert loads(table.rows["globalAuthor:a.x"]) == told
    await register.change_author(Author("a.none", "Ä", 7))
    assert "globalAuthor:a.none" not in table.rows, "who is not on record there stays unknown"


async def test_an_author_is_forgotten(table: MemoryTable, register: EtherpadRegister) -> None:
    put(
        table,
        **{
            "globalAuthor:a.x": {"name": "Ö", "colorId": 5, "padIDs": {"p": 1}},
            "token2author:t.one": "a.x",
            "token2author:t.two": "a.y",
            "mapper2author:7": "a.x",
        },
    )
    ways = await register.forget_author("a.x")
    assert ways == (["t.one"], ["7"])
    assert sorted(table.rows) == ["globalAuthor:a.x", "token2author:t.two"]
    told = {"name": None, "colorId": 0, "padIDs": {"p": 1}}
    assert loads(table.rows["globalAuthor:a.x"]) == told
