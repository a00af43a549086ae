"""This module checks that a Redis keeps its data: a pad's revisions must not be evicted because
memory is short.

    await require_keeping(redis)

`padfleet doctor` reports these verdicts, and writers and workers check them when they start. The
checks cover every server that holds the data or may come to hold it: a replica with another
eviction policy would begin to drop revisions when it is promoted.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from redis.asyncio import Redis as SingleClient
from redis.asyncio import RedisCluster
from redis.asyncio.connection import SSLConnection
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import ResponseError

from padfleet.shared.log.connection.connect import UNREACHABLE, Client, Redis
from padfleet.shared.log.connection.errors import NoWrites
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)

CONFIG_NAMES = ("appendonly", "appendfsync", "save", "maxmemory-policy")


class Unfit(Exception):
    """Says that this Redis must not hold a fleet's data. The text says what is set and what to
    do."""


@dataclass(frozen=True)
class ServerReport:
    """What one server reports about itself."""

    name: str  #: its address: host:port, or the path of its socket
    info: Mapping[str, Any]
    """What INFO returned; empty if asking is forbidden."""
    config: Mapping[str, str] | None
    """What CONFIG GET returned, or None if asking is forbidden, as it is by managed services."""


class RetentionVerdict(NamedTuple):
    level: Literal["ok", "warn", "fail"]
    found: str
    fix: str = ""


def eviction(store: ServerReport) -> RetentionVerdict:
    """Returns the verdict on the eviction policy. It fails for any policy but noeviction, even if
    no maxmemory is set: somebody who sets it later will not think of pads."""
    policy = str(
        (store.config or {}).get("maxmemory-policy") or store.info.get("maxmemory_policy") or ""
    )
    if not policy:
        return RetentionVerdict("warn", "unknown: neither CONFIG nor INFO tells", "see config")
    if policy == "noeviction":
        return RetentionVerdict("ok", "maxmemory-policy noeviction")
    return RetentionVerdict(
        "fail",
        f"maxmemory-policy {policy}: a full server throws away revisions",
        change("maxmemory-policy", "noeviction"),
    )


def persistence(store: ServerReport) -> RetentionVerdict:
    """Returns the verdict on persistence. It warns if a restart or a crash loses more than about a
    second of writes, and fails if the server currently cannot write to its append-only file."""
    settings = store.config or {}
    if _is_off(store):
        found = (
            "appendonly no: a crash loses what came after the last RDB snapshot"
            if settings.get("save")
            else "appendonly no: a restart loses pads"
        )
        return RetentionVerdict("warn", found, change("appendonly", "yes"))
    if store.info.get("aof_last_write_status", "ok") != "ok":
        return RetentionVerdict(
            "fail",
            "the last write to the append-only file failed: nothing can be written until one works",
            "make room on its disk (df -h on its machine), and it goes on; else see its log",
        )
    fsync = settings.get("appendfsync")
    if fsync == "no":
        return RetentionVerdict(
            "warn",
            "appendonly yes, appendfsync no: a crash of the machine loses up to half a minute",
            change("appendfsync", "everysec"),
        )
    if not settings and "aof_enabled" not in store.info:
        return RetentionVerdict("warn", "unknown: neither CONFIG nor INFO tells", "see config")
    return RetentionVerdict("ok", f"appendonly yes, appendfsync {fsync or 'unknown'}")


def change(option: str, value: str) -> str:
    return f"redis-cli CONFIG SET {option} {value}, then redis-cli CONFIG REWRITE"


async def require_keeping(redis: Redis) -> None:
    """Raises `Unfit` for a server that evicts, and logs a warning for lesser problems.

    Raises what `UNREACHABLE` lists if a single server, or Sentinel's primary, does not answer.
    """
    evicting = []
    for store in await read_stores(redis):
        evicts, keeps = eviction(store), persistence(store)
        if evicts.level == "fail":
            evicting.append(f"{store.name} has {evicts.found}; {evicts.fix}")
        for verdict in (evicts, keeps):
            if verdict.level == "warn" or (verdict is keeps and verdict.level == "fail"):
                log.warning(
                    "Redis may lose pads",
                    extra={"server": store.name, "found": verdict.found, "fix": verdict.fix},
                )
    if evicting:
        raise Unfit(
            "this Redis may not hold pads: " + "; ".join(evicting) + ". (Managed services have it "
            "among the parameters of the instance.) padfleet doctor says more"
        )


async def read_stores(redis: Redis) -> list[ServerReport]:
    """Reads all servers of a cluster, or else the primary and, with Sentinel, its replicas.

    A replica or cluster node that does not answer is left out with a warning: while one server is
    down, it is all the more important that a process can start.
    """
    if isinstance(redis.client, RedisCluster):
        return await _of_cluster(redis.client)
    primary = await _read(_name(redis.client), redis.client)
    stores = [primary]
    watched = isinstance(redis.client.connection_pool, SentinelConnectionPool)
    for host, port in _replicas(primary) if watched else ():
        client = _beside(redis.client, host, port)
        try:
            stores.append(await _read(f"{host}:{port}", client))
        except UNREACHABLE as error:
            _left_out(f"{host}:{port}", error)
        finally:
            await client.aclose()
    return stores


async def unwritable(redis: Redis) -> list[str]:
    """Returns the names of the primaries that refuse all writes because they cannot write to their
    disk. Primaries that do not answer are not among them."""
    if not isinstance(redis.client, RedisCluster):
        return [_name(redis.client)] if await _cannot_write(redis.client) else []
    nodes = redis.client.get_primaries()
    failing = await all_of(*(_cannot_write(redis.client, target_nodes=node) for node in nodes))
    return [str(node.name) for node, fails in zip(nodes, failing, strict=True) if fails]


async def _cannot_write(client: Client, **to: Any) -> bool:
    try:
        await client.execute_command("PING", **to)
    except NoWrites:
        return True
    except (*UNREACHABLE, ResponseError):
        return False  # whatever keeps us from asking is reported elsewhere
    return False


async def _of_cluster(client: RedisCluster) -> list[ServerReport]:
    stores = []
    for node in sorted(client.get_nodes(), key=lambda node: str(node.name)):
        try:
            stores.append(await _read(str(node.name), client, target_nodes=node))
        except UNREACHABLE as error:
            _left_out(str(node.name), error)
    return stores


async def _read(name: str, client: Client, **to: Any) -> ServerReport:
    info: dict[str, Any] = {}
    config: dict[str, str] | None = None
    try:
        info = dict(await client.info(**to))
    except ResponseError as error:
        if isinstance(error, UNREACHABLE):
            raise
    try:
        found = await client.config_get(*CONFIG_NAMES, **to)
        config = {_text(name): _text(value) for name, value in found.items()}
    except ResponseError as error:
        if isinstance(error, UNREACHABLE):
            raise
    return ServerReport(name, info, config)


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _replicas(primary: ServerReport) -> list[tuple[str, int]]:
    """Returns the addresses that INFO replication lists as slave0, slave1, …"""
    found: list[tuple[str, int]] = []
    while isinstance(replica := primary.info.get(f"slave{len(found)}"), dict):
        found.append((str(replica["ip"]), int(replica["port"])))
    return found


def _beside(client: SingleClient, host: str, port: int) -> SingleClient:
    """Returns a client for another server of the same group, with the same user and TLS
    settings."""
    pool = client.connection_pool
    shared = ("username", "password", "socket_timeout", "socket_connect_timeout", "retry")
    options = {
        name: value
        for name, value in pool.connection_kwargs.items()
        if name in shared or name.startswith("ssl_")
    }
    tls = issubclass(pool.connection_class, SSLConnection)
    return SingleClient(host=host, port=port, ssl=tls, protocol=2, **options)


def _name(client: SingleClient) -> str:
    options = client.connection_pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host', 'primary')}:{options.get('port', '')}")


def _left_out(name: str, error: Exception) -> None:
    log.warning(
        "a server could not be asked how it keeps its data",
        extra={"server": name, "error": str(error)},
    )


def _is_off(store: ServerReport) -> bool:
    if store.config is not None and "appendonly" in store.config:
        return store.config["appendonly"] == "no"
    return int(store.info.get("aof_enabled", 1)) == 0
