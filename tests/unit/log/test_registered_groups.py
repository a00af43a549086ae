"""Tests groups that another system has too, and which part of them is stored here."""

import time
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.people import group_sessions, groups
from padfleet.shared.log.register import RegisteredGroup, RegisteredSession


class Store:
    """Stands for Redis: hashes and texts, and how often it was written to."""

    def __init__(self) -> None:
        self.hashes: dict[str, dict[bytes, bytes]] = {}
        self.texts: dict[str, str] = {}
        self.writes = 0

    async def exists(self, key: str) -> int:
        return int(key in self.hashes)

    async def hgetall(self, key: str) -> dict[bytes, bytes]:
        return dict(self.hashes.get(key, {}))

    async def hset(
        self, key: str, name: str = "", value: str = "", mapping: dict[str, str] | None = None
    ) -> None:
        self.writes += 1
        for each, said in (mapping or {name: value}).items():
            self.hashes.setdefault(key, {})[each.encode()] = said.encode()

    async def set(self, key: str, value: str, **_: Any) -> None:
        self.writes += 1
        self.texts[key] = value

    async def get(self, key: str) -> str | None:
        return self.texts.get(key)


async def test_what_is_here_already_is_not_stored_again() -> None:
    """Each listing stored the whole group again, with three round trips for each session."""
    until = int(time.time()) + 1000
    sessions = [RegisteredSession(f"s.{number}", "g.1", "a.1", until) for number in range(3)]
    there = RegisteredGroup(["g.1$a"], ["team"], sessions)
    register = AsyncMock()
    register.group.return_value = there
    register.sessions_of_author.return_value = sessions
    store = Store()
    redis = cast("Redis", Mock(client=store, auto_pipeline=store, register=register))

    assert await groups.pads_of_group(redis, "g.1") == ["g.1$a"]
    made, writes = store.hashes["pf:group:g.1"][b"made"], store.writes
    store.hashes["pf:group:g.1"][b"made"] = b"1"
    assert await groups.pads_of_group(redis, "g.1") == ["g.1$a"]
    assert set(await groups.sessions_of_group(redis, "g.1") or {}) == {"s.0", "s.1", "s.2"}
    assert set(await group_sessions.sessions_of_author(redis, "a.1") or {}) == {"s.0", "s.1", "s.2"}
    assert store.writes == writes
    assert made != store.hashes["pf:group:g.1"][b"made"] == b"1"  # when it was made stays

    there.pads.append("g.1$b")
    sessions.append(RegisteredSession("s.3", "g.1", "a.1", until))
    assert await groups.pads_of_group(redis, "g.1") == ["g.1$a", "g.1$b"]
    assert "s.3" in (await groups.sessions_of_group(redis, "g.1") or {})
