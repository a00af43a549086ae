"""Tests which hooks are installed, and why a worker does not start with an unusable one."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, cast

import pytest

from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.hooks import GROUP, NAMES, BadHook, installed_hooks
from padfleet.shared.log.connection.connect import Redis

REDIS = cast("Redis", None)


class Roster:
    def sessions_of(self, author: str) -> list[str]:
        return ["me"] if author == "a.alone" else ["me", "also me"]


class People:
    """Stands for a room's, where nobody has a name."""

    roster = Roster()

    def known_of(self, wanted: list[str]) -> dict[str, Any]:
        return {}


class Place:
    """Stands for a room and for a session on it."""

    people = People()
    pad_id = "pad"
    author = "a.alone"
    id = "me"

    identity = SessionIdentity("a.alone", "pad", "pad", "r.0", False, False)


HERE = cast("Room", Place())
ME = cast("Session", Place())


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made = ModuleType("some_hooks")
    monkeypatch.setitem(sys.modules, "some_hooks", made)
    return made


def point(name: str, attribute: str = "hook") -> EntryPoint:
    return EntryPoint(name, f"some_hooks:{attribute}", GROUP)


def test_without_any_there_is_nothing_to_call() -> None:
    hooks = installed_hooks(REDIS, [])
    assert all(getattr(hooks, name) == () for name in NAMES)


def test_what_cannot_be_used_is_named(module: ModuleType) -> None:
    module.number = 7  # type: ignore[attr-defined]
    module.hook = print  # type: ignore[attr-defined]
    for found, why in (
        (point("chat"), "there is no such hook; there are client_vars"),
        (point("user_join", "missing"), "cannot be loaded"),
        (point("user_join", "number"), "is not callable"),
    ):
        with pytest.raises(BadHook, match=f"some_hooks.*{why}"):
            installed_hooks(REDIS, [found])


async def test_each_gets_what_the_one_before_made(module: ModuleType) -> None:
    def first(visit: Any, message: dict[str, Any]) -> None:
        message["text"] += " first"

    async def second(visit: Any, message: dict[str, Any]) -> None:
        message.update(text=message["text"] + " second", by=visit.author)

    module.a, module.b = first, second  # type: ignore[attr-defined]
    hooks = installed_hooks(REDIS, [point("chat_message", "b"), point("chat_message", "a")])
    said = await hooks.on_chat(HERE, ME, {"text": "hi", "more": 1})
    assert said == ("hi first second", {"more": 1, "by": "a.alone"})


async def test_what_fails_or_cannot_be_sent_counts_as_not_there(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("padfleet.services.fanout.requests.hooks.TIMEOUT", 0.05)

    async def for_ever(*_: Any) -> None:
        await asyncio.Event().wait()

    def fails(visit: Any, message: dict[str, Any]) -> None:
        message["text"] = "half done"
        raise RuntimeError("a fault")

    def spoils(visit: Any, message: dict[str, Any]) -> None:
        message["text"] = object()

    module.a, module.b, module.c = fails, for_ever, spoils  # type: ignore[attr-defined]
    points = [point("chat_message", name) for name in "abc"]
    points += [point("client_vars", "b"), point("handle_message", "b")]
    hooks = installed_hooks(REDIS, points)
    assert await hooks.on_chat(HERE, ME, {"text": "hi"}) == ("hi", {})
    assert await hooks.variables(HERE, ME) == {}
    assert await hooks.lets_pass(HERE, ME, {}) is True


async def test_only_mappings_that_are_json_become_variables(module: ModuleType) -> None:
    module.a = lambda _: {"ep_x": 1}  # type: ignore[attr-defined]
    module.b = lambda _: [1]  # type: ignore[attr-defined]
    module.c = lambda _: {"ep_y": {1, 2}}  # type: ignore[attr-defined]
    module.d = lambda _: {7: 1}  # type: ignore[attr-defined]
    hooks = installed_hooks(REDIS, [point("client_vars", name) for name in "abcd"])
    assert await hooks.variables(HERE, ME) == {"ep_x": 1}


async def test_who_says_False_has_dealt_with_it(module: ModuleType) -> None:
    called: list[str] = []
    module.a = lambda *_: called.append("a")  # type: ignore[attr-defined]
    module.b = lambda *_: False  # type: ignore[attr-defined]
    module.c = lambda *_: called.append("c")  # type: ignore[attr-defined]
    names = ("handle_message", "chat_message")
    hooks = installed_hooks(REDIS, [point(name, each) for name in names for each in "abc"])
    assert await hooks.lets_pass(HERE, ME, {}) is False
    assert await hooks.on_chat(HERE, ME, {"text": "hi"}) is None
    assert called == ["a", "a"]


async def test_an_author_leaves_once(module: ModuleType) -> None:
    left: list[Any] = []
    module.hook = left.append  # type: ignore[attr-defined]
    hooks = installed_hooks(REDIS, [point("user_leave")])
    other = Place()
    other.author = "a.twice"
    await hooks.left(HERE, cast("Session", other))
    assert left == []
    await hooks.left(HERE, ME)
    assert [visit.author for visit in left] == ["a.alone"]
