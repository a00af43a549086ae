"""Tests that the operator's service is asked no more often than necessary."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, cast

import aiohttp
import pytest

from padfleet.services.fanout.auth import calls
from padfleet.services.fanout.auth.answers import AnswerCache
from padfleet.services.fanout.auth.calls import AuthHook
from padfleet.services.fanout.auth.decision import Denied, Grant, Reason
from padfleet.services.fanout.auth.web import Unavailable
from padfleet.shared.payers import Payer
from tests.collector import Held, forgets
from tests.eventually import eventually

ONE, ANOTHER = Payer("192.0.2.1"), Payer("192.0.2.2")


class Line:
    """Stands for the network: each question waits until it is let go."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.under_way = 0
        self.most = 0
        self.go_on = asyncio.Event()
        self.says: Any = {"allow": True, "author": "ada"}

    async def fetch(self, *_: object, body: bytes, **__: object) -> bytes:
        self.asked.append(body)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await self.go_on.wait()
        finally:
            self.under_way -= 1
        if isinstance(self.says, Exception):
            raise self.says
        return json.dumps(self.says).encode()


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line()
    monkeypatch.setattr(calls, "fetch", made.fetch)
    return made


def hook(*, ttl: float = 60, at_once: int = 50) -> AuthHook:
    return AuthHook(
        cast("aiohttp.ClientSession", None),
        "https://may",
        secret="",
        timeout=9,
        max_lifetime=3600,
        at_once=at_once,
        answers=AnswerCache(size=100, ttl=ttl),
    )


async def test_the_same_question_by_many_is_one_call(line: Line) -> None:
    asked = hook(ttl=0)
    waiting = [asyncio.create_task(asked.ask(b"q", ONE)) for _ in range(5)]
    other = asyncio.create_task(asked.ask(b"other", ONE))
    await eventually(lambda: sorted(line.asked) == [b"other", b"q"])
    line.go_on.set()
    answers: list[Grant] = await asyncio.gather(*waiting, other)
    assert len({answer.author for answer in answers}) == 1
    await asked.ask(b"q", ONE)
    assert line.asked.count(b"q") == 2, "without a ttl nothing is kept after it"


async def test_a_caller_that_leaves_does_not_take_the_answer_from_others(line: Line) -> None:
    asked = hook()
    leaving, staying = (asyncio.create_task(asked.ask(b"q", ONE)) for _ in range(2))
    await eventually(lambda: line.asked == [b"q"])
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    line.go_on.set()
    assert (await staying).write is False
    assert line.asked == [b"q"]


async def test_no_more_requests_at_once_than_the_service_can_bear(line: Line) -> None:
    asked = hook(at_once=3)
    waiting = [asyncio.create_task(asked.ask(b"%d" % number, ONE)) for number in range(20)]
    await eventually(lambda: line.under_way == 3)
    line.go_on.set()
    await asyncio.gather(*waiting)
    assert (line.most, len(line.asked)) == (3, 20)


async def test_addresses_take_turns_however_much_one_of_them_asks(line: Line) -> None:
    """A single address that asked for a new pad each time had its hundreds of questions answered
    before anybody else's: with a slow service, nobody could log in for minutes."""
    asked = hook(at_once=1)
    waiting = [asyncio.create_task(asked.ask(b"%d" % number, ONE)) for number in range(20)]
    await eventually(lambda: line.under_way == 1)
    waiting.append(asyncio.create_task(asked.ask(b"other", ANOTHER)))
    await eventually(lambda: asked.waiting == 20)
    line.go_on.set()
    await asyncio.gather(*waiting)
    assert line.asked.index(b"other") <= 2


async def test_no_more_questions_wait_than_there_are_places(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were kept without end, those of clients that had long gone included."""
    monkeypatch.setattr(calls, "WAITING", 5)
    asked = hook(at_once=1)
    greedy = [asyncio.create_task(asked.ask(b"%d" % number, ONE)) for number in range(9)]
    await eventually(lambda: asked.waiting == 5)
    other = asyncio.create_task(asked.ask(b"other", ANOTHER))
    await eventually(lambda: sum(task.done() for task in greedy) == 4)
    line.go_on.set()
    assert (await other).author
    found = await asyncio.gather(*greedy, return_exceptions=True)
    refused = [one for one in found if isinstance(one, Denied)]
    assert [one.reason for one in refused] == 4 * [Reason.HOOK_BUSY]
    assert not asked.failing, "that is not the service's fault"


async def test_a_negative_answer_is_remembered_and_a_failure_is_not(line: Line) -> None:
    asked = hook()
    line.go_on.set()
    line.says = {"allow": False}
    for _ in range(2):
        with pytest.raises(Denied) as caught:
            await asked.ask(b"no", ONE)
        assert caught.value.reason is Reason.HOOK
    assert line.asked == [b"no"]
    line.says = Unavailable("down")
    for _ in range(2):
        with pytest.raises(Denied) as caught:
            await asked.ask(b"down", ONE)
        assert caught.value.reason is Reason.HOOK_FAILED
    assert line.asked == [b"no", b"down", b"down"]


async def test_a_failure_keeps_nothing_of_who_asked(line: Line) -> None:
    line.go_on.set()
    line.says = Unavailable("down")

    async def call(_held: Held) -> None:
        await hook().ask(b"down", ONE)

    await forgets(call, Denied)


async def test_an_answer_is_not_used_longer_than_it_holds(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, now = hook(ttl=60), time.time()
    line.go_on.set()
    line.says = {"allow": True, "author": "ada", "exp": now + 30}
    for _ in range(2):
        await asked.ask(b"q", ONE)
    assert line.asked == [b"q"]
    monkeypatch.setattr(time, "time", lambda: now + 30)
    line.says = {"allow": True, "author": "ada", "exp": now + 90}
    assert (await asked.ask(b"q", ONE)).expires == now + 90
    assert line.asked == [b"q", b"q"]
