"""This module inspects single servers, which a client for a whole cluster hides.

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
    """A slot that is being moved between two nodes, each of which has some of its keys."""

    slot: int
    node: str
    """The node that reports this, `host:port`."""
    state: str
    """`migrating` if the node gives the slot away, `importing` if it receives the slot."""


class ServerInspection:
    """The inspection of one server. It distinguishes what the server does not allow to ask from
    what it lacks."""

    def __init__(self, name: str, client: redis.Redis) -> None:
        self.name = name
        self._client = client

    @classmethod
    def of_url(cls, where: RedisUrl, timeout_s: float) -> Self:
        """Returns an inspection of the single server, or of the primary that Sentinel names. It
        cannot be used for a cluster. Also raises `MasterNotFoundError`."""
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
        """Returns when the server has answered. A server that cannot write to its disk answers as
        well."""
        _ = self.write_error()

    def write_error(self) -> str | None:
        """Returns why the server refuses all writes, if it does so because it cannot write to its
        disk, and otherwise None."""
        try:
            self._client.ping()
        except NoWrites as error:
            return str(error)
        return None

    def process_id(self) -> int:
        """Returns the process ID of the server on its machine."""
        return int(self._client.info("server")["process_id"])

    def info(self) -> dict[str, Any]:
        """Returns all sections of INFO that are shown by default; empty if asking is not
        allowed."""
        try:
            return dict(self._client.info())
        except ResponseError:
            return {}

    def config(self, names: Sequence[str]) -> dict[str, str] | None:
        """Returns the options with these names, or None if asking is not allowed."""
        try:
            return {str(k): str(v) for k, v in self._client.config_get(*names).items()}
        except ResponseError:
            return None

    def scripting_error(self) -> str | None:
        """Returns the error that keeps a script from running, or None if one has run."""
        try:
            answer = self._client.eval("return 'ran'", 0)
        except ResponseError as error:
            return str(error)
        return None if answer in (b"ran", "ran") else f"a script returned {answer!r}"

    def sharded_pubsub_error(self, channel: str) -> str | None:
        """Returns the error that keeps messages from passing through a sharded channel, or None if
        one has passed. Waits as long as for any reply."""
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
        """Returns the median of `PINGS` round trips, in ms."""
        times = []
        for _ in range(PINGS):
            start = time.perf_counter()
            self.ping()
            times.append((time.perf_counter() - start) * 1000)
        return statistics.median(times)

    def cluster_info(self) -> dict[str, str]:
        """Returns what a node of a cluster says about the whole cluster, with the names of CLUSTER
        INFO."""
        return dict(self._client.execute_command("CLUSTER INFO"))

    def half_moved(self) -> list[HalfMoved]:
        """Returns the slots that this node of a cluster is giving away or receiving; a node does
        not know of those of others. The list is also empty if asking is not allowed."""
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
    """The inspection of a cluster, some of whose slots may be unassigned."""

    def __init__(self, where: RedisUrl, timeout_s: float) -> None:
        """Connects to the cluster. Raises what redis-py raises, RedisClusterException among it."""
        self._cluster = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in where.hosts],
            username=where.username,
            password=where.password,
            **where.tls_options,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            require_full_coverage=False,  # a cluster with a hole is just what needs inspection
        )

    def close(self) -> None:
        self._cluster.close()

    def primaries(self) -> list[ServerInspection]:
        """Returns the primaries, ordered by name. They are closed with the cluster."""
        nodes = sorted(self._cluster.get_primaries(), key=lambda node: str(node.name))
        return [
            ServerInspection(str(node.name), self._cluster.get_redis_connection(node))
            for node in nodes
        ]

    def slots_of_the_fleet(self) -> frozenset[int]:
        """Returns the slots that hold partitions; empty if that cannot be found out."""
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
        """Returns a channel of each primary that has slots, by the primary's name: sharded channels
        belong to slots, just like keys."""
        slots = self._cluster.nodes_manager.slots_cache
        owners = {slot: nodes[0].name for slot, nodes in slots.items()}
        wanted = set(owners.values())
        channels: dict[str, str] = {}
        number = 0
        while wanted - channels.keys():
            # Only the tag decides the slot, so anything added after it does not move the channel.
            channel = f"{stem}:{{{number}}}"
            owner = owners.get(key_slot(channel.encode()))
            if owner is not None:
                channels.setdefault(owner, channel)
            number += 1
        return channels
