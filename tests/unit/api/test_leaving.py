"""Tests that work for a client continues only while the client is connected."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from padfleet.services.web.api.leaving import ClientLeft, while_there
from tests.collector import Held, forgets


@dataclass
class Wire:
    closing: bool = False

    def is_closing(self) -> bool:
        return self.closing


@dataclass
class Request:
    transport: Wire | None = field(default_factory=Wire)


async def test_its_outcome_is_that_of_the_work() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    async def fails() -> None:
        raise KeyError("x")

    request = cast(Any, Request())
    assert await while_there(request, work()) == 7
    with pytest.raises(KeyError):
        await while_there(request, fails())


@pytest.mark.parametrize("gone", ["closing", "lost"])
async def test_work_for_a_client_that_has_left_ends(gone: str) -> None:
    begun, given_back = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            given_back.set()

    request = Request()
    working = asyncio.create_task(while_there(cast(Any, request), work()))
    await begun.wait()
    request.transport = Wire(closing=True) if gone == "closing" else None
    with pytest.raises(ClientLeft):
        await working
    assert given_back.is_set()


async def test_a_client_that_ends_its_request_ends_the_work() -> None:
    begun, given_back = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            given_back.set()

    working = asyncio.create_task(while_there(cast(Any, Request()), work()))
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert given_back.is_set()


async def test_a_fault_of_the_work_keeps_nothing_of_the_call() -> None:
    """Full collections are rare here, and a body may be large."""

    async def fails() -> None:
        raise KeyError("x")

    async def call(_body: Held) -> None:
        await while_there(cast(Any, Request()), fails())

    await forgets(call, KeyError)
