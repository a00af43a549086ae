"""Tests the reservation of memory for request bodies."""

from __future__ import annotations

import re

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, make_mocked_request

from padfleet.services.web.api.receiving import (
    BodyTooLarge,
    Incoming,
    Stopped,
    UploadRateExceeded,
    Uploads,
)
from padfleet.shared.budget import NoRoom
from padfleet.shared.payers import Payer

REQUEST = make_mocked_request("POST", "/", headers={"Content-Length": "100"})


async def test_what_is_too_large_is_not_taken() -> None:
    with pytest.raises(BodyTooLarge):
        async with Uploads(-65_500).room(REQUEST, Payer("a")):
            pass


async def test_a_lack_of_room_elsewhere_is_passed_on_unchanged() -> None:
    """The answer of a call has a budget of its own, and the `NoRoom` of that budget is passed on
    unchanged."""
    uploads = Uploads(1000)
    with pytest.raises(NoRoom):
        async with uploads.room(REQUEST, Payer("a")):
            raise NoRoom(5)
    for _ in range(50):  # and all has been given back
        async with uploads.room(REQUEST, Payer("a")) as room:
            assert room.size == 100


async def test_a_caller_that_finds_no_room_in_time_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("padfleet.services.web.api.receiving.ROOM_PATIENCE", 0.001)
    uploads = Uploads(100)
    async with uploads.room(REQUEST, Payer("a")), uploads.room(REQUEST, Payer("a")):
        with pytest.raises(UploadRateExceeded):
            async with uploads.room(REQUEST, Payer("a")):
                pass


_PART = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (_PART * 5000 + b"--b--", "more than 100 fields"),
        (_PART * 100 + b"--b--", "no file"),
        (b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\n", "Too many headers"),
        (b"--b\r\nContent-Disposition: form-data; name=" + b"x" * 100_000, "more than 8190"),
        (b"--b" * 300_000, "Got more than"),
        (b"", "Stopped|no file|boundary"),
    ],
    ids=["fields", "as many as may be", "headers", "name", "boundary", "empty"],
)
async def test_an_invalid_form_is_refused_like_an_incomplete_one(body: bytes, why: str) -> None:
    """None of these bodies is an error of the worker's. The first of them kept it busy for 20 s."""
    stopped: list[str] = []

    async def take(request: web.Request) -> web.Response:
        try:
            _ = await Incoming(request, 10_000_000).file()
        except Stopped as error:
            stopped.append(str(error))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as http,
        http.post(server.make_url("/"), data=body, headers=headers) as answer,
    ):
        assert answer.status == 200
    (said,) = stopped
    assert re.search(why, said), said
