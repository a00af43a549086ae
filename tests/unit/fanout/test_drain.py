"""Tests when a worker that is ending closes its sockets."""

import asyncio
import random

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from padfleet.services.fanout.ops.drain import AT_LEAST, Drain, moments, turning_away


def test_many_are_spread_over_the_window() -> None:
    found = moments(10_000, 30.0, random.Random(1))
    assert found == sorted(found)
    assert 0 <= found[0] < found[-1] <= 30.0
    for second in range(30):
        there = sum(second <= moment < second + 1 for moment in found)
        assert 200 < there < 500, "no second has much more than its share"


def test_few_do_not_wait_for_its_end() -> None:
    assert max(moments(AT_LEAST, 30.0, random.Random(1))) <= 1.0
    assert moments(0, 30.0, random.Random(1)) == []


class WayOut:
    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        self.ended = True


async def test_in_a_hurry_all_sockets_are_closed_at_once() -> None:
    drain, hurry = Drain(), asyncio.Event()
    ways_out = [WayOut() for _ in range(100_000)]
    hurry.set()
    async with asyncio.timeout(20):
        await drain.run(ways_out, 3600.0, hurry)
    assert all(way_out.ended for way_out in ways_out)
    assert drain.why_not_ready() is not None


async def test_newcomers_are_sent_to_another_worker() -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    drain = Drain()
    app = web.Application(middlewares=[turning_away(drain)])
    app.router.add_get("/socket.io/", answer)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/socket.io/?EIO=4")).status == 200
        await drain.run([], 0.0, asyncio.Event())
        refused = await client.get("/socket.io/?EIO=4")
        assert refused.status == 503
        assert "another" in await refused.text()
        assert int(refused.headers["Retry-After"]) > 0
        assert (await client.get("/socket.io/?EIO=4&sid=mine")).status == 200
