"""Tests that questions for the chat hold up nobody: a hundred long messages are read and sent in
steps, and an author has a limit on questions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from padfleet.services.fanout.collab import chat
from padfleet.services.fanout.limits.allowances import Allowances, RateExceeded
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.settings import FanoutSettings
from tests.turns import longest_share

EMOJI = "\ud83d\ude00" * 5_000
RECORD = ChatMessage(0, "", 1, EMOJI, {}).to_record()


class Stream:
    async def xrange(self, *_: Any, **__: Any) -> list[Any]:
        return [(b"%d-0" % number, {b"m": RECORD}) for number in range(101)]

    async def mget(self, *_: Any) -> list[Any]:
        return []


async def test_a_hundred_long_messages_take_no_turn_for_themselves() -> None:
    """They held a worker for a fifth of a second, as often as somebody asked for them."""
    sent: list[Frame] = []
    room = SimpleNamespace(
        keys=Keyspace(1).pad("p"), reply=lambda _session, frame: sent.append(frame)
    )
    asked = SimpleNamespace(
        redis=cast(Redis, SimpleNamespace(client=Stream(), elsewhere=None)),
        room=room,
        session=None,
        data={"type": "GET_CHAT_MESSAGES", "start": 0, "end": 100},
    )
    assert await longest_share(chat.read_back(cast(Any, asked))) < 1 / 3
    (frame,) = sent
    assert frame.payload.count("😀".encode()) == 101 * 5_000


async def test_an_author_asks_so_often_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("padfleet.services.fanout.limits.allowances.monotonic", lambda: 1.0)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("padfleet.services.fanout.limits.allowances.asyncio.sleep", sleep)
    allowances = Allowances.of(FanoutSettings())
    for _ in range(60):
        await allowances.message("a.x", "chat_reads")
    assert len(waits) == 40
    with pytest.raises(RateExceeded):
        await allowances.message("a.x", "chat_reads")
    await allowances.message("a.y", "chat_reads")
    assert len(waits) == 40
