"""Tests that every request to a worker's port for clients is counted for its address, whichever
route serves it, and whether or not any does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any, NamedTuple, cast

import aiohttp
import pytest
from aiohttp import web

from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.limits.request_rate import RequestRate
from padfleet.services.fanout.ops.drain import Drain
from padfleet.services.fanout.requests.http_access import HttpAccess
from padfleet.services.fanout.transport.socketio_server import open_server
from padfleet.services.fanout.wiring.doors import Doors
from padfleet.services.web.api import Outgoing
from padfleet.services.web.api import mount as mount_api
from padfleet.services.web.page import mount as mount_page
from padfleet.shared.health import Health, add_health_routes
from padfleet.shared.payers import Payer
from padfleet.shared.serving import Runner
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.supervision.keeper import Loose

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

SOCKETS = "/socket.io/?EIO=4&transport=polling"

KEY = "the key of callers"

NOWHERE = (
    "/nothing",
    "/p/x/nothing",
    "/p",
    "/assets/nothing",
    "/api/nothing",
    "/api/1.3.0/nothing",
    "/api/1.3.0/getText/more",
    "/rest/1.3.0/pad",
    "/rest/9.9.9/pad/getText",
    "/socket.io",
    "/socket.io/nothing",
    "/socket.io/?EIO=3&transport=polling",
    "/socket.io/?EIO=4&transport=none",
    f"{SOCKETS}&sid=nobody",
    f"{SOCKETS}&j=0",
    "/health",
    "/health/nothing",
    "/metrics",
    "/metrics/nothing",
    "/stats/prometheus",
    "/fleet",
    "/fleet/pads",
)
"""Paths that nobody serves on this port, or not with such a query."""

FREE = {("GET", "/health/live"), ("GET", "/health/ready"), ("HEAD", "/health/live")} | {
    ("HEAD", "/health/ready"),
    ("OPTIONS", f"{SOCKETS}&sid=nobody"),  # a browser asks before it polls
}
"""What is served without being counted."""


class _Nobody:
    """Admits nobody."""

    async def look(self, *_: Any) -> Any:
        raise Denied("not here")

    admit = look


class Served(NamedTuple):
    url: str
    paths: list[str]
    taken: Counter[Payer]  #: what each has been charged


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Counter[Payer]:
    found: Counter[Payer] = Counter()

    def admits(_self: RequestRate, payer: Payer, cost: float) -> bool:
        found[payer] += round(10 * cost)
        return True

    def give_back(_self: RequestRate, payer: Payer, cost: float) -> None:
        found[payer] -= round(10 * cost)

    monkeypatch.setattr(RequestRate, "admits", admits)
    monkeypatch.setattr(RequestRate, "give_back", give_back)
    return found


@pytest.fixture
async def served(taken: Counter[Payer]) -> AsyncIterator[Served]:
    """Starts a worker's port for clients, without Redis: nobody is admitted to any pad."""
    settings = FanoutSettings(api_key=KEY, trusted_proxies=("127.0.0.1",))
    sio = open_server(settings)
    doors = Doors.of(settings, sio.eio, IdleSockets(to_ask=10, idle=10))
    app = doors.application(settings, Drain())
    sio.attach(app)
    nothing = cast(Any, None)
    access = cast(Access, _Nobody())
    door = HttpAccess(nothing, nothing, access, doors.trusted, nothing, doors.rate)
    mount_api(app, nothing, nothing, nothing, settings, door, Loose(), Outgoing.of(settings), None)

    async def exists(_pad: str) -> bool:
        return False

    mount_page(app, settings, exists)
    add_health_routes(app, Health())
    runner = Runner(app, handler=doors.connections.connection, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Served(f"http://127.0.0.1:{runner.addresses[0][1]}", sorted(set(_paths(app))), taken)
    await sio.shutdown()
    await runner.cleanup()


def _paths(app: web.Application) -> Iterator[str]:
    """Yields a path for each route, with something in the place of what it leaves open."""
    for resource in app.router.resources():
        yield re.sub(r"\{[^{}]*\}", "x", resource.canonical).replace("/x/x", "/1.3.0/getText")


async def test_no_request_passes_the_door_uncounted(served: Served) -> None:
    assert len(served.paths) > 20
    number = 0
    uncounted = set()
    async with aiohttp.ClientSession() as http:
        for path in (*served.paths, *NOWHERE):
            for method in METHODS:
                number += 1
                address = Payer(f"198.51.{number // 250}.{number % 250}")
                async with http.request(
                    method,
                    served.url + path,
                    headers={"X-Forwarded-For": address},
                    allow_redirects=False,
                ) as answer:
                    assert answer.status < 500 or path == "/health/ready", (method, path)
                if not served.taken[address]:
                    uncounted.add((method, path))
    assert uncounted == FREE
