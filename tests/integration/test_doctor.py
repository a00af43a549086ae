"""Tests the doctor against real servers."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import Mock

import pytest
import redis
from redis.crc import key_slot

from padfleet.services.tools.doctor.__main__ import main
from padfleet.services.tools.doctor.checks import SLOTS
from padfleet.services.tools.up.server import EmbeddedServer
from padfleet.services.writer.ops.readiness import add_readiness
from padfleet.shared.health import Health
from padfleet.shared.log.connection.connect import UNREACHABLE, open_redis
from padfleet.shared.log.keys import CONFIG, Keyspace
from padfleet.shared.log.pad.meta import read_meta
from tests.eventually import eventually_sync
from tests.processes import free_ports
from tests.tools import padfleet


def diagnose(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """Returns the exit code, and the lines of the report by the names of their checks."""
    code = main(["--redis-url", url])
    lines = capsys.readouterr().out.splitlines()[:-1]
    return code, {line[6:].split("  ")[0]: line for line in lines}


def test_what_up_starts_is_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with EmbeddedServer(tmp_path) as server:
        assert main(["--redis-url", server.url]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("fit for a fleet: ")


def test_a_server_set_up_as_a_cache_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--appendonly", "no", "--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru"]
    with EmbeddedServer(tmp_path, extra_args=options) as server:
        code, lines = diagnose(server.url, capsys)
    assert code == 1
    assert lines["eviction"].startswith("fail")
    assert "CONFIG SET maxmemory-policy noeviction" in lines["eviction"]
    assert lines["persistence"].startswith("warn")


def without_room(server: EmbeddedServer) -> None:
    """Makes the server refuse all writes, as with a full disk: it cannot replace its snapshot."""
    (server.data_dir / "snapshot.rdb").mkdir()
    with redis.Redis.from_url(server.url) as client:
        client.config_set("save", "3600 1")
        client.bgsave()
        failed = "rdb_last_bgsave_status"
        eventually_sync(lambda: client.info("persistence")[failed] == "err", "it has failed")


def test_a_full_disk_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that refuses even PING then was taken for none."""
    options = ("--dbfilename", "snapshot.rdb")
    with EmbeddedServer(tmp_path, extra_args=options) as server:
        with redis.Redis.from_url(server.url) as client:
            client.hset(CONFIG, mapping={"partitions": 4})
        without_room(server)
        code, lines = diagnose(server.url, capsys)
        shown = asyncio.run(padfleet(server.url, "top", "--once"))
    assert code == 1
    assert lines["writes"].startswith("fail")
    assert "make room on its disk" in lines["writes"]
    assert (shown.code, "cannot write to its disk" in shown.out) == (1, True), shown


def test_a_server_that_forbids_config_is_read_by_info(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with EmbeddedServer(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.execute_command("ACL SETUSER fleet on >pw ~* &* +@all -config")
        code, lines = diagnose(f"redis://fleet:pw@127.0.0.1:{server.port}", capsys)
    assert code == 0
    assert lines["config"].startswith("warn")
    assert "appendonly yes, appendfsync unknown" in lines["persistence"]
    assert lines["eviction"].startswith("ok")


def test_a_user_without_scripts_and_channels_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with EmbeddedServer(tmp_path) as server:
        with redis.Redis.from_url(server.url) as client:
            client.execute_command("ACL SETUSER fleet on >pw ~* resetchannels +@all -eval")
        code, lines = diagnose(f"redis://fleet:pw@127.0.0.1:{server.port}", capsys)
    assert code == 1
    assert lines["scripting"].startswith("fail")
    assert lines["sharded pub/sub"].startswith("fail")


def test_the_doctor_sees_whether_a_cluster_has_all_slots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Of its own accord the cluster bus takes the port 10,000 higher, which may not exist.
    options = ["--cluster-enabled", "yes", "--cluster-port", str(free_ports(1)[0])]
    with (
        EmbeddedServer(tmp_path, extra_args=options) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        url = f"redis+cluster://127.0.0.1:{server.port}"
        client.execute_command("CLUSTER ADDSLOTSRANGE", 0, SLOTS - 1)
        eventually_sync(
            lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "ok", "it is whole"
        )
        code, lines = diagnose(url, capsys)
        assert code == 0
        assert lines["cluster slots"].startswith("ok")
        assert lines["sharded pub/sub"].startswith("ok")
        assert lines["replicas"].startswith("warn")

        code, lines = diagnose(server.url, capsys)
        assert code == 1
        assert "redis+cluster://" in lines["topology"]

        client.execute_command("CLUSTER DELSLOTS", 7)
        eventually_sync(
            lambda: client.execute_command("CLUSTER INFO")["cluster_state"] == "fail", "a hole"
        )
        code, lines = diagnose(url, capsys)
        assert code == 1
        assert lines["cluster state"].startswith("fail")
        assert f"1 of {SLOTS} belong to no server" in lines["cluster slots"]


async def _says_what_ends_it(url: str, keyspace: Keyspace) -> None:
    """Asserts that a process that needs something of that partition is told what to do, and that
    other partitions are not affected."""
    opened = open_redis(url)
    await opened.start()
    with pytest.raises(UNREACHABLE, match=r"half-moved .* --cluster fix"):
        await read_meta(opened, keyspace.pad(_pad_of(keyspace, 2)))
    owner = Mock(held=[1, 2], lacking=[], trouble={}, read_at={}, taken_at={}, last_tick=0)
    add_readiness(health := Health(), opened, keyspace, owner, 1000)
    said = (await health.readiness()).failing["settled"]
    assert "partition 2: " in said
    assert "half-moved" in said
    assert "redis-cli --cluster fix" in said
    assert not (await read_meta(opened, keyspace.pad(_pad_of(keyspace, 1)))).exists
    await opened.close()


def _pad_of(keyspace: Keyspace, partition: int) -> str:
    return next(f"p{n}" for n in range(100) if keyspace.partition_of(f"p{n}") == partition)


def test_a_slot_that_stands_half_moved_is_named_with_what_ends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keyspace = Keyspace(4)
    slot = key_slot(keyspace.state(2).encode())
    buses = free_ports(2)
    with ExitStack() as stack:
        servers = []
        for number, bus in enumerate(buses):
            options = ["--cluster-enabled", "yes", "--cluster-port", str(bus)]
            server = EmbeddedServer(tmp_path / str(number), extra_args=options)
            servers.append(stack.enter_context(server))
        source, target = (stack.enter_context(redis.Redis.from_url(s.url)) for s in servers)
        source.execute_command("CLUSTER ADDSLOTSRANGE", 0, SLOTS - 1)
        source.execute_command("CLUSTER", "SET-CONFIG-EPOCH", 1)
        target.execute_command("CLUSTER", "SET-CONFIG-EPOCH", 2)
        source.execute_command("CLUSTER", "MEET", "127.0.0.1", servers[1].port, buses[1])

        def both_know() -> bool:
            told = [client.execute_command("CLUSTER INFO") for client in (source, target)]
            return all(
                info["cluster_state"] == "ok" and info["cluster_known_nodes"] == "2"
                for info in told
            )

        eventually_sync(both_know, "both know")
        url = f"redis+cluster://127.0.0.1:{servers[0].port}"
        with redis.RedisCluster.from_url(f"redis://127.0.0.1:{servers[0].port}") as cluster:
            cluster.hset(CONFIG, mapping={"partitions": 4})
        assert "slots on their way" not in diagnose(url, capsys)[1]

        names = [c.execute_command("CLUSTER", "MYID").decode() for c in (source, target)]
        target.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
        source.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
        code, lines = diagnose(url, capsys)
        assert code == 1
        line = lines["slots on their way"]
        assert line.startswith("fail")
        assert f"{slot} (migrating at 127.0.0.1:{servers[0].port}" in line
        assert "redis-cli --cluster fix" in line
        asyncio.run(_says_what_ends_it(url, keyspace))

        source.execute_command("CLUSTER", "SETSLOT", slot, "STABLE")
        target.execute_command("CLUSTER", "SETSLOT", slot, "STABLE")
        assert "slots on their way" not in diagnose(url, capsys)[1]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis://127.0.0.1:1", "no Redis at 127.0.0.1:1"),
        ("unix:///nowhere/redis.sock", "no Redis at /nowhere/redis.sock"),
        ("redis+cluster://127.0.0.1:1", "no cluster can be reached through 127.0.0.1:1"),
        ("redis+sentinel://127.0.0.1:1/main", "know no primary named 'main'"),
    ],
)
def test_the_doctor_says_that_no_redis_answers(
    url: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--redis-url", url]) == 2
    assert why in capsys.readouterr().err


def test_the_wrong_kind_of_server_is_told(
    redis_url: str, redis_server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"127.0.0.1:{redis_server.port}"
    assert main(["--redis-url", f"redis+cluster://{place}"]) == 2
    assert f"use redis://{place}" not in capsys.readouterr().out
    assert main(["--redis-url", f"redis://nobody:wrong@{place}"]) == 2
    assert "refuses the credentials" in capsys.readouterr().err
    assert main(["--redis-url", f"rediss://{place}", "--connect-timeout-ms", "300"]) == 2
    assert "rediss://" in capsys.readouterr().err
