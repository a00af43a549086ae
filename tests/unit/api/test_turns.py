"""Tests that nothing large is done in a single turn of the event loop, whatever needs it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote_plus

import pytest

from padfleet.services.web.api import arguments, revisions
from padfleet.services.web.api.answers import LargeAnswers
from padfleet.services.web.api.context import Api, ApiError, JsonAnswer
from padfleet.services.web.api.conversion import SMALL_BODY, Conversion
from padfleet.shared.budget import Budget
from padfleet.shared.easysync import AText, AttributePool
from padfleet.shared.easysync.body import Body
from padfleet.shared.log.pad.document import Document
from padfleet.shared.payers import Payer
from tests.turns import longest_share

MANY = 100_000

SOMEBODY = Payer("somebody")

MOST = 1 / 3
"""The largest share of what is computed that one turn may have."""

Function = Callable[[Api, dict[str, Any]], Awaitable[Any]]


def pool_of_many() -> AttributePool:
    pool = AttributePool()
    for number in range(MANY):
        _ = pool.put("author", f"a.{number:016}")
    return pool


class _Pools:
    def __init__(self) -> None:
        self._pool = pool_of_many()

    async def at(self, _reader: object) -> AttributePool:
        return self._pool


@pytest.fixture
async def conversion() -> AsyncIterator[Conversion]:
    made = Conversion(processes=1)
    yield made
    await made.close()


@pytest.mark.parametrize("function", [revisions.get_attribute_pool, revisions.list_authors_of_pad])
async def test_what_tells_of_a_large_pool(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_reader(_api: Api, _fields: dict[str, Any]) -> None: ...

    async def answered() -> JsonAnswer | None:
        room = await answers.made("listAllGroups", SOMEBODY, {}, lambda: function(api, {}))
        return room.data if isinstance(room.data, JsonAnswer) else None

    monkeypatch.setattr(arguments, "reader", no_reader)
    api = cast(Api, SimpleNamespace(pools=_Pools()))
    answers = LargeAnswers(api, Budget(1 << 30))
    told = await answered()
    assert told is not None
    assert told.text.count(b"a.") >= MANY
    assert await longest_share(answered()) < MOST


async def test_parameters_with_megabytes_of_emoji(conversion: Conversion) -> None:
    body = f"padID=x&text={quote_plus('😀') * MANY * 4}".encode()
    form = "application/x-www-form-urlencoded"
    found: dict[str, Any] = {}

    async def read() -> None:
        found.update(await conversion.fields(SOMEBODY, body, form))

    await read()  # its process has started
    assert await longest_share(read()) < MOST
    assert found == {"padID": "x", "text": "\ud83d\ude00" * MANY * 4}


async def test_files_with_as_many(conversion: Conversion) -> None:
    data = ("😀" * MANY * 4).encode()
    _ = await conversion.read(SOMEBODY, b"x", form="txt")
    assert await longest_share(conversion.read(SOMEBODY, data, form="txt")) < MOST


async def test_pads_of_many_spans(conversion: Conversion) -> None:
    document = Document()
    document.pool = pool_of_many()
    document.body = Body(AText("x" * MANY + "\n", "*0+1*1+1" * (MANY // 2) + "|1+1"))
    small = Document()
    _ = await conversion.show(SOMEBODY, "txt", small)
    assert await longest_share(conversion.show(SOMEBODY, "txt", document)) < MOST


async def test_a_parameter_that_is_no_text_is_small(conversion: Conversion) -> None:
    body = b'{"padID":[' + b"[]," * MANY + b"[]]}"
    with pytest.raises(ApiError, match="more than 1,000 values"):
        _ = await conversion.fields(SOMEBODY, body, "application/json")
    body = b'{"padID":[' + b"1234567890," * 200 + b"0]}"
    with pytest.raises(ApiError, match="padID is no text, and too large"):
        _ = await conversion.fields(SOMEBODY, body, "application/json")


@pytest.mark.parametrize("size", [1_000, 100_000], ids=["in the worker", "in a process"])
async def test_a_call_has_no_more_fields_as_json_than_as_a_form(
    conversion: Conversion, size: int
) -> None:
    """The worker has to unpack them all at once: 200,000 took 100 ms."""
    body = json.dumps({f"field {number}": "x" for number in range(size)}).encode()
    assert (len(body) > SMALL_BODY) is (size > 1_000)
    with pytest.raises(ApiError, match="more than 1,000 values"):
        _ = await conversion.fields(SOMEBODY, body, "application/json")
