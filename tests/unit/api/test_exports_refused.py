"""Tests that a client whose export takes too much is told so, that one whose export had too little
of the machine may come again, and that the next export succeeds."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from padfleet.services.web.api import conversion, exports
from padfleet.services.web.api.context import Api
from padfleet.services.web.api.conversion import Conversion
from padfleet.services.web.api.exports import Exports
from padfleet.shared.budget import Budget
from padfleet.shared.easysync import make_atext
from padfleet.shared.easysync.body import Body
from padfleet.shared.log.damage import PadReplaced
from padfleet.shared.log.pad.document import Document
from padfleet.shared.visit import Visitor

MOST = 20_000
"""The largest answer in bytes."""


class _Door:
    async def look(self, _request: web.Request, pad: str) -> Visitor:
        return Visitor(pad, pad, "", write=False)

    async def charge(self, _visitor: Visitor) -> None:
        pass


def document(text: str) -> Document:
    made = Document()
    made.body = Body(make_atext(text))
    return made


@pytest.fixture
async def url(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Starts a server that exports two pads, "large" and "small"."""

    async def weight(*_: Any) -> int:
        return 0

    async def open_reader(_redis: Any, _keyspace: Any, pad: str) -> Any:
        return SimpleNamespace(pad=pad)

    async def document_at(reader: Any, _rev: int | None) -> Document:
        if reader.pad == "replaced":
            raise PadReplaced
        return document("x" * 2 * MOST + "\n" if reader.pad == "large" else "hello\n")

    for name, stub in (("weight", weight), ("open_reader", open_reader)):
        monkeypatch.setattr(exports, name, stub)
    monkeypatch.setattr(exports, "document_at", document_at)
    monkeypatch.setattr(conversion, "ANSWER", MOST)
    redis = SimpleNamespace()
    api = cast(Api, SimpleNamespace(redis=redis, keyspace=SimpleNamespace(pad=lambda pad: pad)))
    making = Conversion(processes=1)
    app = web.Application()
    Exports(api, cast(Any, _Door()), making, Budget(1 << 30)).add_routes(app)
    async with TestServer(app) as server:
        yield str(server.make_url("/p"))
    await making.close()


@pytest.mark.parametrize(("kind", "other"), [("html", "etherpad"), ("txt", "etherpad")])
async def test_it_is_answered_422_with_what_to_take(
    url: str, kind: str, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}/large/export/{kind}") as answer:
            said = await answer.text()
            assert answer.status == 422
        assert said.startswith(f"There is no {kind} of this pad: it is too large")
        assert said.endswith(f"Take {other}.\n")
        async with http.get(f"{url}/small/export/{kind}") as answer:
            assert (answer.status, "hello" in await answer.text()) == (200, True)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR], "nothing is broken"


async def test_a_pad_that_is_deleted_meanwhile_is_not_said_to_be_damaged(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/replaced/export/html") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_on_a_busy_machine_it_may_be_tried_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was said to be too large, although only the clock had run out."""
    async with aiohttp.ClientSession() as http:
        with monkeypatch.context() as starved:
            starved.setattr("padfleet.shared.limited.process.BUSY", 0)
            async with http.get(f"{url}/large/export/html") as answer:
                said = await answer.text()
                assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
        assert said.startswith("Not now: the machine is too busy")
        async with http.get(f"{url}/small/export/html") as answer:
            assert (answer.status, "hello" in await answer.text()) == (200, True)
