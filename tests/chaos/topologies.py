"""Starts Redis servers in the topologies that tests break.

    with SentinelGroup(folder) as group:
        fleet = Fleet(group.url, folder)
        group.cut_replication()                 # only the primary has what is written from now on
        promotion = group.fail_over()           # kills it; a replica that lacks all that takes over
        group.old_primary_returns(promotion)    # and is made a replica

`Standalone`, `SentinelGroup` and `ClusterGroup` have `Group` in common, so one test can use all of
them. Methods that start a process (`start`, `old_primary_returns`) have to be called from the main
thread; all others may be called from any, as a test with an event loop will want to: `await
asyncio.to_thread(group.fail_over)`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pytest
from redis.crc import key_slot

from padfleet.services.tools.up.binary import packaged_server
from padfleet.shared.log.keys import SLOTS
from tests.chaos.group import JOIN_S, Group, Promotion
from tests.chaos.server import HOST, UNREACHABLE, Server
from tests.eventually import eventually_sync
from tests.processes import free_ports

__all__ = ["ClusterGroup", "Group", "Promotion", "SentinelGroup", "Standalone", "ValkeyCluster"]

SERVICE: Final = "padfleet"
# Longer than the second between two pings of a sentinel: with 1000 it takes a primary that it has
# just been told of for dead before its first answer, now and then, and fails over once more.
DOWN_AFTER_MS: Final = 1500
FAILOVER_TIMEOUT_MS: Final = 3000  # how long a fail-over may take before another one is tried
NODE_TIMEOUT_MS: Final = 1500


class Standalone(Group):
    """One server, which no other can replace: it is back when it has been started again."""

    def _start(self) -> None:
        (port,) = free_ports(1)
        self._add("server", port).start()

    @property
    def url(self) -> str:
        return self.servers[0].url

    def primaries(self) -> list[Server]:
        return list(self.servers)

    def replicas_of(self, primary: Server) -> list[Server]:
        return []

    def fail_over(
        self, primary: Server | None = None, *, by: Literal["kill", "freeze"] = "kill"
    ) -> Promotion:
        """Kills it and starts it again. Raises ValueError for `freeze`, since it would never come
        back."""
        if by == "freeze":
            raise ValueError("nobody takes over from a server that stands alone; freeze() it")
        (server,) = self.servers
        started = time.monotonic()
        server.restart()
        at = time.monotonic()
        return Promotion(server, server, at - started, at)

    def old_primary_returns(self, promotion: Promotion) -> None:
        """Does nothing, since the old primary is back already."""


class SentinelGroup(Group):
    """A primary with two replicas, and three sentinels of which two have to agree."""

    def __init__(self, folder: Path, extra: Sequence[str] = ()) -> None:
        super().__init__(folder, extra)
        self.sentinels: list[Server] = []

    def _start(self) -> None:
        ports = free_ports(6)
        primary = self._add("primary", ports[0])
        for number, port in enumerate(ports[1:3], 1):
            self._add(f"replica{number}", port, f"replicaof {HOST} {primary.port}")
        for number, port in enumerate(ports[3:], 1):
            settings = (
                f"sentinel monitor {SERVICE} {HOST} {primary.port} 2",
                f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}",
                f"sentinel failover-timeout {SERVICE} {FAILOVER_TIMEOUT_MS}",
                f"sentinel parallel-syncs {SERVICE} 1",
            )
            folder = self._folder / f"sentinel{number}"
            self.sentinels.append(Server(folder, port, settings, sentinel=True))
        for server in self.servers:
            server.start()
        replicas = self.servers[1:]
        eventually_sync(
            lambda: all(replica.follows(primary) for replica in replicas),
            "both replicas follow",
            timeout=JOIN_S,
        )
        # This has to come last: a sentinel asks a primary for its replicas once in ten seconds, the
        # first time when it starts.
        for sentinel in self.sentinels:
            sentinel.start()
        eventually_sync(
            lambda: all(self._knows_all(sentinel) for sentinel in self.sentinels),
            "the sentinels know each other and the replicas",
            timeout=JOIN_S,
        )

    def stop(self) -> None:
        # The sentinels are stopped first: they would only try to repair the group.
        for sentinel in self.sentinels:
            sentinel.stop()
        super().stop()

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    def primaries(self) -> list[Server]:
        """Returns the primary that most of the sentinels name, or none while they do not agree."""
        named: Counter[int] = Counter()
        for sentinel in self.sentinels:
            if sentinel.running and not sentinel.frozen:
                try:
                    answer = sentinel.client().execute_command(
                        "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE
                    )
                except UNREACHABLE:
                    continue
                named[int(answer[1])] += 1
        needed = len(self.sentinels) // 2 + 1
        return [server for server in self.servers if named[server.port] >= needed]

    def replicas_of(self, primary: Server) -> list[Server]:
        others = (server for server in self.servers if server is not primary)
        return [server for server in others if server.role() == "slave"]

    def _agreed(self, old: Server, new: Server) -> bool:
        return super()._agreed(old, new) and all(
            replica.follows(new) for replica in self.replicas_of(new) if replica is not old
        )

    def _knows_all(self, sentinel: Server) -> bool:
        told = sentinel.client().sentinel_master(SERVICE)
        assert isinstance(told, dict)
        return bool(
            told["num-slaves"] == len(self.servers) - 1
            and told["num-other-sentinels"] == len(self.sentinels) - 1
            and told["flags"] == "master"
        )


@dataclass(frozen=True)
class _Node:
    """A line of CLUSTER NODES."""

    id: str
    port: int
    flags: frozenset[str]
    follows: str
    slots: tuple[range, ...]


class ClusterGroup(Group):
    """Three primaries, each with a replica."""

    primaries_at_start: Final = 3

    def _start(self) -> None:
        count = self.primaries_at_start
        ports = free_ports(4 * count)
        for number in range(2 * count):
            self._add(
                f"node{number}",
                ports[number],
                "cluster-enabled yes",
                f"cluster-port {ports[2 * count + number]}",
                f"cluster-node-timeout {NODE_TIMEOUT_MS}",
                "cluster-require-full-coverage no",
                "cluster-replica-validity-factor 0",
            ).start()
        first, *others = self.servers
        for number, server in enumerate(self.servers):
            server.client().execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for other, bus in zip(others, ports[2 * count + 1 :], strict=True):
            first.client().execute_command("CLUSTER", "MEET", HOST, other.port, bus)
        for number, server in enumerate(self.servers[:count]):
            low, high = number * SLOTS // count, (number + 1) * SLOTS // count - 1
            server.client().execute_command("CLUSTER", "ADDSLOTSRANGE", low, high)
        pairs = list(zip(self.servers[count:], self.servers[:count], strict=True))
        eventually_sync(self._all_met, "the nodes have met", timeout=JOIN_S)
        for replica, primary in pairs:
            name = primary.client().execute_command("CLUSTER", "MYID").decode()
            replica.client().execute_command("CLUSTER", "REPLICATE", name)
        eventually_sync(
            lambda: (
                all(replica.follows(primary) for replica, primary in pairs)
                and self._all_know(pairs)
                and self._whole()
            ),
            "each primary has its replica, and all know",
            timeout=JOIN_S,
        )

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{server.port}" for server in self.servers)
        return f"redis+cluster://{hosts}"

    def primaries(self) -> list[Server]:
        """Returns the owners of slots, as most of the running nodes see it."""
        return [server for server in self.servers if self._slots(server)]

    def primary_for(self, key: str) -> Server:
        """Returns the owner of the key's slot. Raises LookupError while most nodes know no
        owner."""
        return self.owner_of(key_slot(key.encode()))

    def owner_of(self, slot: int) -> Server:
        """Returns the owner of the slot. Raises LookupError while most nodes know no owner."""
        for server in self.servers:
            if any(slot in span for span in self._slots(server)):
                return server
        raise LookupError(f"nobody owns slot {slot}")

    def replicas_of(self, primary: Server) -> list[Server]:
        view = next(self._views())
        name = next(node.id for node in view if node.port == primary.port)
        ports = {node.port for node in view if node.follows == name}
        return [server for server in self.servers if server.port in ports and server.running]

    def _agreed(self, old: Server, new: Server) -> bool:
        return super()._agreed(old, new) and self._whole(without=old)

    def _slots(self, server: Server) -> tuple[range, ...]:
        """Returns the slots that it owns, according to most of the running nodes."""
        views = [view for view in self._views() if any(node.port == server.port for node in view)]
        said = Counter(
            node.slots for view in views for node in view if node.port == server.port
        ).most_common(1)
        return said[0][0] if said else ()

    def _all_met(self) -> bool:
        return all(
            len(view) == len(self.servers) and not any("handshake" in n.flags for n in view)
            for view in self._views()
        )

    def _all_know(self, pairs: Sequence[tuple[Server, Server]]) -> bool:
        """Returns whether all nodes know whom each replica follows. A primary learns it from the
        bus of the cluster, up to a second after its replica has begun to follow it."""
        expected = {(replica.port, primary.port) for replica, primary in pairs}
        return all(
            expected
            <= {
                (node.port, followed.port)
                for node in view
                for followed in view
                if node.follows == followed.id
            }
            for view in self._views()
        )

    def _whole(self, without: Server | None = None) -> bool:
        """Returns whether each node serves, and sees an owner for every slot that is thought to be
        alive."""
        seen = []
        for view in self._views():
            alive = [node for node in view if not {"fail", "fail?"} & node.flags]
            seen.append(sum(len(span) for node in alive for span in node.slots))
        nodes = [server for server in self.servers if server is not without]
        return seen == [SLOTS] * len(nodes) and all(map(self._serves, nodes))

    def _serves(self, node: Server) -> bool:
        """Returns whether a node serves: for some time it knows who owns what, before it dares to
        answer for its own slots."""
        facts = node.client().execute_command("CLUSTER", "INFO", NEVER_DECODE=True)
        return b"cluster_state:ok" in facts

    def _views(self) -> Iterator[list[_Node]]:
        """Yields the cluster as seen by each node that answers."""
        for server in self.servers:
            if server.running and not server.frozen:
                try:
                    text = server.client().execute_command("CLUSTER", "NODES", NEVER_DECODE=True)
                except UNREACHABLE:
                    continue
                yield [_node(line) for line in text.decode().splitlines()]


class ValkeyCluster(ClusterGroup):
    """A cluster of the packaged Valkey, which can do more than the oldest Redis that is supported.
    The test is skipped if there is no package for this machine."""

    def __init__(self, folder: Path, extra: Sequence[str] = ()) -> None:
        super().__init__(folder, extra)
        packaged = packaged_server()
        if packaged is None:
            pytest.skip("there is no packaged Valkey for this machine")
        self.program = packaged


def _node(line: str) -> _Node:
    # <id> <ip:port@bus,…> <flags> <primary or -> <ping> <pong> <epoch> <link> <slot>…
    name, address, flags, follows, _, _, _, _, *slots = line.split()
    spans = []
    for slot in slots:
        if not slot.startswith("["):  # this slot is being moved
            low, _, high = slot.partition("-")
            spans.append(range(int(low), int(high or low) + 1))
    port = int(address.partition("@")[0].rpartition(":")[2])
    return _Node(name, port, frozenset(flags.split(",")), follows, tuple(spans))
