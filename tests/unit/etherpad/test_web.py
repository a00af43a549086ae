"""Tests what is made of a server that is asked as an Etherpad and is none, or means harm."""

from __future__ import annotations

import errno
import gzip
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import BytesIO

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from padfleet.shared.etherpad import answers
from padfleet.shared.etherpad import web as module
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import SourceFailed
from padfleet.shared.etherpad.web import ApiCredentials, WebSource

SMALL = 10_000

ZIPPED = {"Content-Encoding": "gzip"}


def answering(answer: web.Response) -> web.Application:
    async def handler(request: web.Request) -> web.StreamResponse:
        if answer.status == 302:
            raise web.HTTPFound(request.path)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    return app


def data(value: object) -> web.Response:
    return web.json_response({"code": 0, "message": "ok", "data": value})


@asynccontextmanager
async def asked(answer: web.Response) -> AsyncIterator[WebSource]:
    """Yields a source, of which every question has this answer."""
    async with (
        TestServer(answering(answer)) as server,
        WebSource.open(str(server.make_url("/")), ApiCredentials("key")) as source,
    ):
        yield source


@contextmanager
def failing(error: type[Exception], said: str) -> Iterator[None]:
    with pytest.raises(error) as raised:
        yield
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (web.Response(text="<html>hello</html>"), "no answer of an API"),
        (web.Response(text="[" * 9_000), "no answer of an API"),
        (web.Response(body=b"\xff\xfe"), "no answer of an API"),
        (web.Response(text="[" + "9" * 5_000 + "]"), "no answer of an API"),
        (web.Response(status=302), "it redirects in circles"),
        (data(None), "there is no padIDs in the answer"),
        (data([1]), "there is no padIDs in the answer"),
        (data({"padIDs": 5}), "there is no padIDs in the answer"),
        (web.Response(text=" " * SMALL + "{}"), "answers with more than"),
        (
            web.Response(
                body=gzip.compress(b" " * 9_000_000), headers={"Content-Encoding": "gzip"}
            ),
            "answers with more than",
        ),
    ],
    ids=str,
)
async def test_a_list_of_pads_that_is_none_is_refused_in_words(
    answer: web.Response, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers.content_of, "__kwdefaults__", {"most": SMALL})
    async with asked(answer) as source:
        with failing(SourceFailed, said):
            await source.pads()


@pytest.mark.parametrize("value", [None, [], {"revisions": "1"}, {"revisions": True}, {}])
async def test_a_pad_of_which_nothing_is_said_is_no_traceback(value: object) -> None:
    async with asked(data(value)) as source:
        with failing(SourceFailed, "there is no revisions in the answer"):
            await source.state("pad")


async def test_an_export_without_an_end_fills_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILE", SMALL)
    async with asked(web.Response(text=json.dumps({"pad:x": "y" * SMALL}))) as source:
        with failing(BadRecord, "export: it is larger than"):
            async with source.file("x"):
                pass


async def test_a_full_disk_is_not_taken_for_a_fault_of_the_server() -> None:
    class Full(BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with asked(web.Response(text="{}")) as source:
        with failing(SourceFailed, "cannot be stored here: No space left"):
            await source._download(f"{source._base}/x", {}, Full())
