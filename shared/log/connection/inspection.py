"""Inspects single servers, which a client for the whole cluster hides.

It is synchronous, asks one question after another, uses one connection per server, and never
retries: the caller wants to see what there is now, and not what there may be in a moment. Each
method raises redis-py's errors and OSError, unless it says otherwise.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError as MasterNotFoundError
from redis.sentinel import Sentinel

from padfleet.shared.log.connection.errors import NoWrites
from padfleet.shared.log.keys import CONFIG, Keyspace
from padfleet.shared.settings.redis_url import RedisUrl

PINGS: Final = 50


@dataclass(frozen=True)
class HalfMoved:
    """A slot that is being moved between two nodes: some of its keys are here, some there."""

    slot: int
    node: str
    """The one that says so, `host:port`."""
    state: str
    """`migrating`: it gives the slot away; `importing`: it takes it."""


class ServerInspection:
    """One server. What it does not allow to ask is distinguished from what it lacks."""

    def __init__(self, name: str, client: redis.Redis) -> None:
        self.name = name
        self._client = client

    @classmethod
    def of_url(cls, where: RedisUrl, timeout_s: float) -> Self:
        """The single server, or the primary that Sentinel names; not for a cluster. Also raises
        `MasterNotFoundError`."""
        login: dict[str, Any] = {"username": where.username, "password": where.password}
        limits: dict[str, Any] = {
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "retry": Retry(NoBackoff(), 0),
        }
        if where.kind == "unix":
            client = redis.Redis(unix_socket_path=where.path, db=where.db, **login, **limits)
            return cls(where.path, client)
        host, port = where.hosts[0]
        if where.kind == "sentinel":
            sentinel = Sentinel(where.hosts, sentinel_kwargs=limits | where.tls_options)
            host, port = sentinel.discover_master(where.service)
        client = redis.Redis(
            host=host, port=port, db=where.db, **where.tls_options, **login, **limits
        )
        return cls(f"{host}:{port}", client)

    def close(self) -> None:
        self._client.close()

    def ping(self) -> None:
        """Returns when the server has answered, which it also does if it cannot write to its
        disk."""
        _ = self.write_error()

    def write_error(self) -> str | None:
        """Why the server refuses all writes because it cannot write to its disk; None if it does
        not."""
        try:
            self._client.ping()
        except NoWrites as error:
            return str(error)
        return None

    def process_id(self) -> int:
        """The process ID of the server, on its machine."""
        return int(self._client.info("server")["process_id"])

    def info(self) -> dict[str, Any]:
        """All sections of INFO that are shown by default; empty if it is not allowed."""
        try:
            return dict(self._client.info())
        except ResponseError:
            return {}

    def config(self, names: Sequence[str]) -> dict[str, str] | None:
        """The options of these names; None if asking is not allowed."""
        try:
            return {str(k): str(v) for k, v in self._client.config_get(*names).items()}
        except ResponseError:
            return None

    def scripting_error(self) -> str | None:
        """The error that keeps a script from running; None if one has run."""
        try:
            answer = self._client.eval("return 'ran'", 0)
        except ResponseError as error:
            return str(error)
        return None if answer in (b"ran", "ran") else f"a script returned {answer!r}"

    def sharded_pubsub_error(self, channel: str) -> str | None:
        """The error that keeps messages from passing through a sharded channel; None if one has
        passed. Waits as long as for any reply."""
        limit = self._client.connection_pool.connection_kwargs.get("socket_timeout") or 5.0
        deadline = time.monotonic() + limit
        with self._client.pubsub() as subscriber:
            try:
                subscriber.ssubscribe(channel)
                while (left := deadline - time.monotonic()) > 0:
                    message = subscriber.get_message(timeout=left)
                    if message is None:
                        continue
                    if message["type"] == "ssubscribe":
                        self._client.execute_command("SPUBLISH", channel, b"ping")
                    if message["type"] == "smessage":
                        return None
            except ResponseError as error:
                return str(error)
        return f"no message within {limit:g} s"

    def ping_ms(self) -> float:
        """The median of `PINGS` round trips, in ms."""
        times = []
        for _ in range(PINGS):
            start = time.perf_counter()
            self.ping()
            times.append((time.perf_counter() - start) * 1000)
        return statistics.median(times)

    def cluster_info(self) -> dict[str, str]:
        """What a node of a cluster says about the whole, by the names of CLUSTER INFO."""
        return dict(self._client.execute_command("CLUSTER INFO"))

    def half_moved(self) -> list[HalfMoved]:
        """The slots that this node of a cluster is giving away or receiving; it does not know of
        others'. Also empty if asking is not allowed."""
        try:
            nodes = self._client.execute_command("CLUSTER NODES")
        except ResponseError:
            return []
        return [
            HalfMoved(int(moved["slot"]), self.name, str(moved["state"]))
            for node in nodes.values()
            for moved in node.get("migrations", ())
        ]


class ClusterInspection:
    """A cluster, of which some slots may be unassigned."""

    def __init__(self, where: RedisUrl, timeout_s: float) -> None:
        """Connects. Also raises RedisClusterException."""
        self._cluster = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in where.hosts],
            username=where.username,
            password=where.password,
            **where.tls_options,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            require_full_coverage=False,  # a cluster with a hole is what somebody looks at
        )

    def close(self) -> None:
        self._cluster.close()

    def primaries(self) -> list[ServerInspection]:
        """The primaries, ordered by name. They are closed with the cluster."""
        nodes = sorted(self._cluster.get_primaries(), key=lambda node: str(node.name))
        return [
            ServerInspection(str(node.name), self._cluster.get_redis_connection(node))
            for node in nodes
        ]

    def slots_of_the_fleet(self) -> frozenset[int]:
        """The slots that hold partitions; empty if that cannot be found out."""
        try:
            partitions = int(self._cluster.hget(CONFIG, "partitions") or 0)
        except (RedisError, ValueError):
            return frozenset()
        keyspace = Keyspace(partitions) if partitions else None
        numbers = range(partitions)
        return frozenset(
            key_slot(keyspace.state(n).encode()) for n in numbers if keyspace is not None
        )

    def channel_of_each(self, stem: str) -> dict[str, str]:
        """For each primary that has slots, a channel that belongs to it, by the primary's name:
        sharded channels have slots, as keys have."""
        slots = self._cluster.nodes_manager.slots_cache
        owners = {slot: nodes[0].name for slot, nodes in slots.items()}
        wanted = set(owners.values())
        channels: dict[str, str] = {}
        number = 0
        while wanted - channels.keys():
            # Only the tag decides the slot, so what is added after it does not move the channel.
            channel = f"{stem}:{{{number}}}"
            owner = owners.get(key_slot(channel.encode()))
            if owner is not None:
                channels.setdefault(owner, channel)
            number += 1
        return channels
