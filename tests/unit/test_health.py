"""Tests health over HTTP: the answers, and that no check can break them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Counter

from padfleet.shared.health import Health, Remark, add_ops_routes

Client = TestClient[web.Request, web.Application]


async def fine() -> None:
    return None


async def broken() -> str:
    return "no lease"


async def raising() -> None:
    raise RuntimeError("boom")


async def leaking_cancellation() -> None:
    raise asyncio.CancelledError


async def hanging_for_good() -> None:
    for _ in range(2):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


@pytest.fixture
def health() -> Health:
    return Health(timeout_s=0.05)


@pytest.fixture
async def client(health: Health) -> AsyncIterator[Client]:
    registry = CollectorRegistry()
    Counter("flushes", "Flushes.", registry=registry).inc(3)
    app = web.Application()
    add_ops_routes(app, health, registry)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_without_checks_all_is_well(client: Client) -> None:
    for path in ("/health/live", "/health/ready"):
        response = await client.get(path)
        assert response.status == 200
        assert await response.json() == {"status": "ok", "checks": {}}


async def test_a_failing_check_makes_503_and_says_why(health: Health, client: Client) -> None:
    health.ready("redis", fine)
    health.ready("lease", broken)
    response = await client.get("/health/ready")
    assert response.status == 503
    assert await response.json() == {
        "status": "failing",
        "checks": {"redis": {"ok": True, "why": ""}, "lease": {"ok": False, "why": "no lease"}},
    }
    assert response.headers["Cache-Control"] == "no-store"


async def test_readiness_does_not_touch_liveness(health: Health, client: Client) -> None:
    health.ready("lease", broken)
    assert (await client.get("/health/live")).status == 200


async def test_no_check_can_break_the_answer(health: Health, client: Client) -> None:
    health.live("raises", raising)
    health.live("leaks", leaking_cancellation)
    health.live("hangs", hanging_for_good)
    health.live("fine", fine)
    response = await asyncio.wait_for(client.get("/health/live"), 5)
    assert response.status == 503
    checks = (await response.json())["checks"]
    assert checks["raises"]["why"] == "RuntimeError: boom"
    assert checks["leaks"]["why"] == "cancelled"
    assert checks["hangs"]["why"] == "no answer within 0.05 s"
    assert checks["fine"]["ok"] is True


async def test_checks_that_wait_for_nothing_make_no_tasks(health: Health) -> None:
    def fails() -> str | None:
        raise LookupError("no such thing")

    health.ready("plain", lambda: None)
    health.ready("awaited", fine)
    health.ready("full", lambda: "no room")
    health.ready("remark", lambda: Remark("is slow"))
    health.ready("raises", fails)
    begun = 0

    def count(loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        nonlocal begun
        begun += 1
        return asyncio.Task(coro, loop=loop, **options)

    asyncio.get_running_loop().set_task_factory(count)
    report = await health.readiness()
    assert begun == 1
    assert list(report.reasons) == ["plain", "awaited", "full", "remark", "raises"]
    assert report.failing == {"full": "no room", "raises": "LookupError: no such thing"}
    assert report.reasons["remark"] == "is slow"


def test_a_name_is_used_once(health: Health) -> None:
    health.live("loop", fine)
    health.ready("loop", fine)
    with pytest.raises(ValueError, match="'loop'"):
        health.live("loop", fine)


async def test_metrics_are_in_the_format_of_prometheus(client: Client) -> None:
    response = await client.get("/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert "flushes_total 3.0" in await response.text()
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    response = await client.get("/metrics", headers=accept)
    assert (await response.text()).endswith("# EOF\n")


@pytest.mark.parametrize("version", ["9" * 5000, "1.x", "", "1;version=2"])
async def test_metrics_for_whoever_asks_oddly(client: Client, version: str) -> None:
    """The library reads the version as a number: thousands of digits were answered 500."""
    accept = {"Accept": f"application/openmetrics-text; version={version}"}
    response = await client.get("/metrics", headers=accept)
    assert response.status == 200
    assert "flushes_total 3.0" in await response.text()
