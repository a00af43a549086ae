"""Processes do not start on a Redis that throws revisions away."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis as redis_library

from padfleet.services.tools.doctor.__main__ import main as doctor
from padfleet.services.tools.up.server import HOST, EmbeddedServer
from padfleet.shared.log.connection.connect import open_redis
from padfleet.shared.log.connection.keeping import Unfit, read_stores, require_keeping
from tests.chaos.topologies import ClusterGroup, SentinelGroup
from tests.eventually import eventually
from tests.fleet import Fleet
from tests.tools import ran

EVICTING = ("--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru")


def refused(kind: str, url: str) -> str:
    """Returns the message of a process that must not start. Fails if the process starts."""
    ended = ran(kind, "--redis-url", url, "--host", HOST)
    assert ended.code == 2, ended
    return ended.err


@pytest.mark.parametrize("kind", ["writer", "fanout"])
def test_a_server_that_evicts_is_refused(kind: str, tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path, extra_args=EVICTING) as server:
        said = refused(kind, server.url)
        assert f"{HOST}:{server.port} has maxmemory-policy allkeys-lru" in said
        assert "CONFIG SET maxmemory-policy noeviction" in said
        # And it has written nothing there.
        with redis_library.Redis.from_url(server.url) as client:
            assert client.dbsize() == 0


def test_where_config_is_forbidden_info_tells(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path, extra_args=EVICTING) as server:
        with redis_library.Redis.from_url(server.url) as client:
            client.execute_command("ACL SETUSER fleet on >pw ~* &* +@all -config")
        said = refused("writer", f"redis://fleet:pw@{HOST}:{server.port}")
    assert "maxmemory-policy allkeys-lru" in said
    assert "pw@" not in said


async def test_where_neither_tells_it_starts_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedServer(tmp_path, extra_args=EVICTING) as server:
        with redis_library.Redis.from_url(server.url) as client:
            client.execute_command("ACL SETUSER fleet on >pw ~* &* +@all -config -info")
        redis = open_redis(f"redis://fleet:pw@{HOST}:{server.port}")
        await require_keeping(redis)
        await redis.close()
    assert {vars(r)["found"] for r in caplog.records} == {
        "unknown: neither CONFIG nor INFO tells",
    }


def test_a_server_without_persistence_is_warned_of(tmp_path: Path) -> None:
    with (
        EmbeddedServer(tmp_path / "redis", extra_args=("--appendonly", "no")) as server,
        Fleet(server.url, tmp_path) as fleet,
    ):
        fleet.start(writers=1, workers=0)
        log = fleet.writers[0].log.read_text()
    assert "appendonly no: a restart loses pads" in log
    assert "CONFIG SET appendonly yes" in log


async def test_a_replica_that_would_evict_is_found_behind_sentinel(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SentinelGroup(tmp_path) as group:
        redis = open_redis(group.url)

        async def all_three() -> bool:
            return len(await read_stores(redis)) == 3

        try:
            await eventually(all_three, "primary and replicas are seen")
            await require_keeping(redis)
            (primary,) = group.primaries()
            replica = group.replicas_of(primary)[0]
            with redis_library.Redis(port=replica.port) as client:
                client.config_set("maxmemory-policy", "volatile-lru")
            with pytest.raises(Unfit, match=f":{replica.port} has maxmemory-policy volatile-lru"):
                await require_keeping(redis)
        finally:
            await redis.close()


async def test_every_node_of_a_cluster_is_asked(tmp_path: Path) -> None:
    with ClusterGroup(tmp_path) as group:
        redis = open_redis(group.url)
        await redis.start()
        try:

            async def all_are_known() -> bool:
                await redis.refresh()  # a replica may have joined after the client looked
                names = {store.name for store in await read_stores(redis)}
                return names == {f"{HOST}:{server.port}" for server in group.servers}

            await eventually(all_are_known, "all nodes are asked")
            await require_keeping(redis)
            replica = group.replicas_of(group.primaries()[0])[0]
            with redis_library.Redis(port=replica.port) as client:
                client.config_set("maxmemory-policy", "allkeys-random")
            with pytest.raises(Unfit, match=f":{replica.port} has maxmemory-policy allkeys-random"):
                await require_keeping(redis)
        finally:
            await redis.close()


def test_the_doctor_asks_replicas_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with SentinelGroup(tmp_path) as group:
        (primary,) = group.primaries()
        replica = group.replicas_of(primary)[0]
        with redis_library.Redis(port=replica.port) as client:
            client.config_set("maxmemory-policy", "allkeys-lru")
        assert doctor(["--redis-url", group.url]) == 1
    report = capsys.readouterr().out
    assert f"{HOST}:{replica.port}: maxmemory-policy allkeys-lru" in report
