"""Finding out: everything that speaks to Redis.

Synchronous and one server after the other, each on a connection of its own: what is asked here is
about single servers, which a client for the whole cluster hides.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel

from padfleet.services.tools.doctor.facts import ClusterFacts, Facts, HalfMoved, ServerFacts
from padfleet.shared.fleet.collect import look
from padfleet.shared.fleet.view import FleetView, picture
from padfleet.shared.log.connect import Redis, open_redis
from padfleet.shared.log.inventory import NoFleet, stored_keyspace
from padfleet.shared.log.keeping import CONFIG_NAMES, Store, read_stores
from padfleet.shared.log.keys import CONFIG, Keyspace
from padfleet.shared.settings.redis_url import RedisUrl, parse

PINGS: Final = 50

_CONFIG_NAMES: Final = (*CONFIG_NAMES, "client-output-buffer-limit")


class Unreachable(Exception):
    """There is no Redis at the URL that answers us; the text says why and what to look at."""


def collect(url: str, timeout_s: float) -> Facts:
    """Everything that the checks need. Unreachable if a server does not answer, or refuses us."""
    where = parse(url)
    with _readable_errors(where):
        if where.kind == "cluster":
            facts = _collect_cluster(where, timeout_s)
        else:
            with _client(where, timeout_s) as client:
                client.ping()
                server = _server(_name(where, client), client, "padfleet:doctor")
            facts = Facts(where.kind, (server,), None)
        replicas, fleet = asyncio.run(_together(url))
        return replace(facts, replicas=replicas, fleet=fleet)


async def _together(url: str) -> tuple[tuple[Store, ...], FleetView | None]:
    """The replicas, and the fleet."""
    redis = open_redis(url)
    try:
        await redis.start()
        stores = await read_stores(redis)
        fleet = await _fleet(redis)
    except RedisClusterException:
        return (), None  # a hole in the cluster, which is reported already
    finally:
        await redis.close()
    return tuple(store for store in stores if store.info.get("role") == "slave"), fleet


async def _fleet(redis: Redis) -> FleetView | None:
    try:
        return picture(await look(redis, await stored_keyspace(redis)))
    except NoFleet:
        return None
    except (RedisError, OSError, ValueError):
        # What keeps us from looking, such as a user without some right, is told by other checks.
        return None


def _collect_cluster(where: RedisUrl, timeout_s: float) -> Facts:
    cluster = RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in where.hosts],
        username=where.username,
        password=where.password,
        **where.tls_options,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # A cluster with a hole is what the doctor is there to describe.
        require_full_coverage=False,
    )
    try:
        primaries = sorted(cluster.get_primaries(), key=lambda node: str(node.name))
        channels = _channel_of_each(cluster)
        servers = tuple(
            _server(node.name, cluster.get_redis_connection(node), channels.get(node.name))
            for node in primaries
        )
        info = cluster.get_redis_connection(primaries[0]).execute_command("CLUSTER INFO")
        return Facts(
            "cluster",
            servers,
            ClusterFacts(
                state=str(info.get("cluster_state", "unknown")),
                slots_assigned=int(info.get("cluster_slots_assigned", 0)),
                slots_ok=int(info.get("cluster_slots_ok", 0)),
                primaries=len(primaries),
                half_moved=tuple(
                    moved
                    for node in primaries
                    for moved in _half_moved(node.name, cluster.get_redis_connection(node))
                ),
                padfleets=_slots_of_the_fleet(cluster),
            ),
        )
    finally:
        cluster.close()


def _half_moved(name: str, client: redis.Redis) -> Iterator[HalfMoved]:
    """The slots that this node gives or takes at present: a node tells of its own only."""
    try:
        nodes = client.execute_command("CLUSTER NODES")
    except redis.ResponseError:
        return  # it is forbidden to ask
    for node in nodes.values():
        for moved in node.get("migrations", ()):
            yield HalfMoved(int(moved["slot"]), name, str(moved["state"]))


def _slots_of_the_fleet(cluster: RedisCluster) -> frozenset[int]:
    try:
        partitions = int(cluster.hget(CONFIG, "partitions") or 0)
    except (RedisError, ValueError):
        return frozenset()
    keyspace = Keyspace(partitions) if partitions else None
    numbers = range(partitions)
    return frozenset(key_slot(keyspace.state(n).encode()) for n in numbers if keyspace is not None)


def _client(where: RedisUrl, timeout_s: float) -> redis.Redis:
    login: dict[str, Any] = {"username": where.username, "password": where.password}
    limits: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        # The doctor says what it sees; trying until it looks well is for the services.
        "retry": Retry(NoBackoff(), 0),
    }
    if where.kind == "unix":
        return redis.Redis(unix_socket_path=where.path, db=where.db, **login, **limits)
    host, port = where.hosts[0]
    if where.kind == "sentinel":
        sentinel = Sentinel(where.hosts, sentinel_kwargs=limits | where.tls_options)
        host, port = sentinel.discover_master(where.service)
    return redis.Redis(
        host=host,
        port=port,
        db=where.db,
        **where.tls_options,
        **login,
        **limits,
    )


def _server(name: str, client: redis.Redis, channel: str | None) -> ServerFacts:
    return ServerFacts(
        name=name,
        info=_info(client),
        config=_config(client),
        scripting_error=_scripting_error(client),
        sharded_pubsub_error=(
            "this server has no slots, so no channels"
            if channel is None
            else _sharded_pubsub_error(client, f"{channel}:{secrets.token_hex(8)}")
        ),
        ping_ms=_ping_ms(client),
    )


def _info(client: redis.Redis) -> dict[str, Any]:
    try:
        return dict(client.info())
    except redis.ResponseError:
        return {}


def _config(client: redis.Redis) -> dict[str, str] | None:
    try:
        return {str(k): str(v) for k, v in client.config_get(*_CONFIG_NAMES).items()}
    except redis.ResponseError:
        return None


def _scripting_error(client: redis.Redis) -> str | None:
    try:
        answer = client.eval("return 'ran'", 0)
    except redis.ResponseError as error:
        return str(error)
    return None if answer in (b"ran", "ran") else f"a script returned {answer!r}"


def _sharded_pubsub_error(client: redis.Redis, channel: str) -> str | None:
    limit = client.connection_pool.connection_kwargs.get("socket_timeout") or 5.0
    deadline = time.monotonic() + limit
    with client.pubsub() as subscriber:
        try:
            subscriber.ssubscribe(channel)
            while (left := deadline - time.monotonic()) > 0:
                message = subscriber.get_message(timeout=left)
                if message is None:
                    continue
                if message["type"] == "ssubscribe":
                    client.execute_command("SPUBLISH", channel, b"ping")
                if message["type"] == "smessage":
                    return None
        except redis.ResponseError as error:
            return str(error)
    return f"no message within {limit:g} s"


def _ping_ms(client: redis.Redis) -> float:
    times = []
    for _ in range(PINGS):
        start = time.perf_counter()
        client.ping()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def _channel_of_each(cluster: RedisCluster) -> dict[str, str]:
    """For each primary a channel that lives on it: sharded channels have slots, as keys have."""
    owners = {slot: nodes[0].name for slot, nodes in cluster.nodes_manager.slots_cache.items()}
    wanted = set(owners.values())
    channels: dict[str, str] = {}
    number = 0
    while wanted - channels.keys():
        # The tag alone decides the slot, so what is added after it does not move the channel.
        channel = f"padfleet:doctor:{{{number}}}"
        owner = owners.get(key_slot(channel.encode()))
        if owner is not None:
            channels.setdefault(owner, channel)
        number += 1
    return channels


def _name(where: RedisUrl, client: redis.Redis) -> str:
    if where.kind == "unix":
        return where.path
    options = client.connection_pool.connection_kwargs
    return f"{options['host']}:{options['port']}"


@contextmanager
def _readable_errors(where: RedisUrl) -> Iterator[None]:
    place = where.path or ", ".join(f"{host}:{port}" for host, port in where.hosts)
    try:
        yield
    except redis.AuthenticationError as error:
        raise Unreachable(
            f"{place} refuses the credentials: {error}; check the user and password in the URL"
        ) from None
    except redis.sentinel.MasterNotFoundError:
        raise Unreachable(
            f"the sentinels at {place} know no primary named {where.service!r}; "
            "redis-cli -p 26379 SENTINEL MASTERS lists the names"
        ) from None
    except redis.TimeoutError:
        raise Unreachable(
            f"{place} does not answer in time; check the address, firewalls, "
            "and whether the server wants TLS (rediss://)"
        ) from None
    except RedisClusterException as error:
        raise Unreachable(
            f"no cluster can be reached through {place}: {error}; "
            "one server alone is redis://host:port"
        ) from None
    except (redis.RedisError, OSError) as error:
        raise Unreachable(
            f"no Redis at {place}: {str(error).rstrip('.')}; "
            "is it running, and is this its address?"
        ) from None
