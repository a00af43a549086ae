"""Tests backup, restore and verify over a cluster with replicas, with the rights of
docs/redis.md."""

from __future__ import annotations

from pathlib import Path

import redis as redis_library

from padfleet.shared.client import connect
from tests.chaos.topologies import ClusterGroup
from tests.fleet import Fleet
from tests.redis_user import documented_user
from tests.tools import padfleet

PADS = [f"pad-{number}" for number in range(9)]
SETTINGS = {"PADFLEET_PARTITIONS": "9"}


def admit(port: int) -> None:
    with redis_library.Redis(port=port) as client:
        client.execute_command("ACL", "SETUSER", *documented_user().split()[1:])
        client.execute_command("ACL", "SETUSER", "padfleet", "&padfleet:doctor*")


def refused(port: int) -> list[str]:
    with redis_library.Redis(port=port, decode_responses=True) as client:
        return [entry["object"] for entry in client.acl_log()]


async def test_pads_of_all_nodes_are_backed_up_and_replaced(tmp_path: Path) -> None:
    with ClusterGroup(tmp_path / "cluster") as group:
        for server in group.servers:
            admit(server.port)
        url = group.url.replace("://", "://padfleet:change-me@")
        file = tmp_path / "pads"
        with Fleet(url, tmp_path, SETTINGS) as fleet:
            fleet.start(writers=1, workers=2)
            for name in PADS:
                async with connect(f"{fleet.urls[0]}/p/{name}", name="Ada") as pad:
                    await pad.append(f"{name}\n")
            ended = await padfleet(url, "backup", "--to", file, "--tokens")
            assert "9 pads backed up, 0 unchanged, 0 failed" in ended.err, ended.err
            for name in PADS:
                async with connect(f"{fleet.urls[0]}/p/{name}") as pad:
                    await pad.append("gone\n")
            ended = await padfleet(url, "restore", file, "--replace")
            assert ended.code == 0, ended.err
            ended = await padfleet(url, "verify", "--all", "--backup", file)
            assert ended.code == 0, ended.out
            for name in PADS:
                async with connect(f"{fleet.urls[1]}/p/{name}") as pad:
                    assert f"{name}\n" in pad.text
                    assert "gone" not in pad.text
                    await pad.append("on\n")
        ended = await padfleet(url, "doctor")
        assert ended.code == 0, ended.out
        assert [refused(server.port) for server in group.servers] == [[]] * len(group.servers)
