"""Tests a Redis that is alive and refuses: out of memory, without its replicas, or busy with a
script. The processes wait as if it were away, and continue where they were (I7)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
import redis as redis_library

from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.hub import rooms as rooms_module
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.shared.client import ConnectionLost, connect
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.errors import NotNow
from padfleet.shared.log.keys import Keyspace
from tests.eventually import eventually, eventually_sync
from tests.fleet import Fleet

LEASE_MS = 600


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(tmp_path / "redis", extra_args=("--appendfsync", "no")) as running:
        yield running


@pytest.fixture
def admin(server: EmbeddedServer) -> Iterator[redis_library.Redis]:
    with redis_library.Redis(port=server.port, socket_timeout=60) as client:
        yield client


@contextmanager
def out_of_memory(admin: redis_library.Redis) -> Iterator[None]:
    admin.config_set("maxmemory", "1mb")
    yield
    admin.config_set("maxmemory", "0")


@contextmanager
def no_replicas(admin: redis_library.Redis) -> Iterator[None]:
    admin.config_set("min-replicas-to-write", "1")
    yield
    admin.config_set("min-replicas-to-write", "0")


@contextmanager
def busy(admin: redis_library.Redis) -> Iterator[None]:
    """Keeps the server busy with a script that does not end."""
    port = admin.connection_pool.connection_kwargs["port"]
    admin.config_set("busy-reply-threshold", "50")

    def run() -> None:
        with (
            redis_library.Redis(port=port, socket_timeout=60) as another,
            suppress(redis_library.ResponseError),  # it is killed
        ):
            another.eval("while true do end", 0)

    script = threading.Thread(target=run)
    script.start()

    def refuses() -> bool:
        try:
            return not admin.ping()
        except NotNow:
            return True

    try:
        eventually_sync(refuses, "the script holds up the server")
        yield
    finally:
        admin.script_kill()
        script.join()


async def arrives(url: str) -> str:
    """Returns the text that somebody finds who joins now. Repeats the attempt while the connection
    breaks."""
    while True:
        try:
            async with connect(url, resume=False) as pad:
                return pad.text
        except ConnectionLost:
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("refuses", [out_of_memory, no_replicas, busy])
async def test_I7_a_fleet_outlives_a_server_that_refuses(
    refuses: Callable[[redis_library.Redis], AbstractContextManager[None]],
    server: EmbeddedServer,
    admin: redis_library.Redis,
    tmp_path: Path,
) -> None:
    """Before, the writers ended, all in the same tick. On the workers the comparison of feeds ended
    permanently, and clients waited for an answer that never came."""
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_LEASE_MS": str(LEASE_MS)}
    with Fleet(server.url, tmp_path, settings) as fleet:
        fleet.start(writers=2, workers=1)
        url = f"{fleet.urls[0]}/p/p"
        async with connect(url, name="here before") as pad:
            await pad.append("before, ")
            with refuses(admin):
                typing = asyncio.create_task(pad.append("meanwhile, "))
                arriving = asyncio.create_task(arrives(url))

                def noticed() -> bool:
                    logs = [writer.log.read_text() for writer in fleet.writers]
                    return all(log.count("writers not counted") >= 3 for log in logs)

                await eventually(noticed, "each writer has met it in three ticks", timeout=60)
                for member in (*fleet.writers, *fleet.workers):
                    assert member.process.poll() is None, f"{member.name} has ended"
                assert not typing.done()
            await asyncio.wait_for(typing, 30)
            assert "before" in await asyncio.wait_for(arriving, 60)
            await pad.append("after")
            assert "before, meanwhile, after\n" in pad.text


async def test_the_feeds_are_compared_for_as_long_as_the_worker_lives(
    redis: Redis, keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are compared again whatever one comparison meets. It is what finds a lost message after
    which nothing came. Faults of ours end it, and `Supervisor` begins it again."""
    monkeypatch.setattr(rooms_module, "AUDIT_INTERVAL", 0.001)
    rooms = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=10, stall_timeout=60)
    errors = [NotNow("BUSY"), redis_library.ResponseError("WRONGTYPE"), OSError("gone")]
    comparisons = 0

    async def audit() -> None:
        nonlocal comparisons
        comparisons += 1
        if errors:
            raise errors.pop()

    monkeypatch.setattr(rooms, "audit", audit)
    watching = asyncio.create_task(rooms.watch_over())
    await eventually(lambda: comparisons > 5)
    watching.cancel()
    await asyncio.wait([watching])
    await rooms.close()
