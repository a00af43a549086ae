"""Collects all facts that the checks need, and explains when a server does not answer."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Final

from redis.exceptions import AuthenticationError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from padfleet.services.tools.doctor.facts import ClusterFacts, Facts, ServerFacts
from padfleet.shared.fleet.collect import take_snapshot
from padfleet.shared.fleet.view import FleetView
from padfleet.shared.fleet.viewing import view_of
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.connection.inspection import (
    ClusterInspection,
    MasterNotFoundError,
    ServerInspection,
)
from padfleet.shared.log.connection.keeping import CONFIG_NAMES, ServerReport, read_stores
from padfleet.shared.log.fleet.agreement import agreed_cold
from padfleet.shared.log.fleet.inventory import NoFleet, stored_keyspace
from padfleet.shared.settings.redis_url import RedisUrl, parse

_CHANNEL: Final = "padfleet:doctor"

_CONFIG_NAMES: Final = (*CONFIG_NAMES, "client-output-buffer-limit")


class Unreachable(Exception):
    """No Redis at the URL answers us; the text says why and what to look at."""


def collect(url: str, timeout_s: float) -> Facts:
    """Returns everything that the checks need. Raises `Unreachable` if a server does not answer, or
    refuses us."""
    where = parse(url)
    with _readable_errors(where):
        if where.kind == "cluster":
            facts = _collect_cluster(where, timeout_s)
        else:
            with closing(ServerInspection.of_url(where, timeout_s)) as server:
                server.ping()
                facts = Facts(where.kind, (_server(server, _CHANNEL),), None)
        replicas, fleet, cold = asyncio.run(_together(url))
        return replace(facts, replicas=replicas, fleet=fleet, cold=cold)


async def _together(url: str) -> tuple[tuple[ServerReport, ...], FleetView | None, str]:
    """Returns the replicas, the fleet, and its cold store."""
    redis = open_redis(url)
    try:
        await redis.start()
        stores = await read_stores(redis)
        fleet = await _fleet(redis)
        cold = await agreed_cold(redis) if fleet is not None else ""
    except RedisClusterException:
        return (), None, ""  # a gap in the cluster, which is already reported
    finally:
        await redis.close()
    replicas = tuple(store for store in stores if store.info.get("role") == "slave")
    return replicas, fleet, cold


async def _fleet(redis: Redis) -> FleetView | None:
    try:
        return view_of(await take_snapshot(redis, await stored_keyspace(redis)))
    except NoFleet:
        return None
    except (RedisError, OSError, ValueError):
        # Whatever keeps us from looking, such as a missing right of the user, is reported by other
        # checks.
        return None


def _collect_cluster(where: RedisUrl, timeout_s: float) -> Facts:
    with closing(ClusterInspection(where, timeout_s)) as cluster:
        primaries = cluster.primaries()
        channels = cluster.channel_of_each(_CHANNEL)
        servers = tuple(_server(primary, channels.get(primary.name)) for primary in primaries)
        info = primaries[0].cluster_info()
        return Facts(
            "cluster",
            servers,
            ClusterFacts(
                state=str(info.get("cluster_state", "unknown")),
                slots_assigned=int(info.get("cluster_slots_assigned", 0)),
                slots_ok=int(info.get("cluster_slots_ok", 0)),
                primaries=len(primaries),
                half_moved=tuple(moved for primary in primaries for moved in primary.half_moved()),
                padfleets=cluster.slots_of_the_fleet(),
            ),
        )


def _server(server: ServerInspection, channel: str | None) -> ServerFacts:
    return ServerFacts(
        name=server.name,
        info=server.info(),
        config=server.config(_CONFIG_NAMES),
        scripting_error=server.scripting_error(),
        sharded_pubsub_error=(
            "this server has no slots, so no channels"
            if channel is None
            else server.sharded_pubsub_error(f"{channel}:{secrets.token_hex(8)}")
        ),
        ping_ms=server.ping_ms(),
        write_error=server.write_error(),
    )


@contextmanager
def _readable_errors(where: RedisUrl) -> Iterator[None]:
    place = where.path or ", ".join(f"{host}:{port}" for host, port in where.hosts)
    try:
        yield
    except AuthenticationError as error:
        raise Unreachable(
            f"{place} refuses the credentials: {error}; check the user and password in the URL"
        ) from None
    except MasterNotFoundError:
        raise Unreachable(
            f"the sentinels at {place} know no primary named {where.service!r}; "
            "redis-cli -p 26379 SENTINEL MASTERS lists the names"
        ) from None
    except RedisTimeoutError:
        raise Unreachable(
            f"{place} does not answer in time; check the address, firewalls, "
            "and whether the server wants TLS (rediss://)"
        ) from None
    except RedisClusterException as error:
        raise Unreachable(
            f"no cluster can be reached through {place}: {error}; "
            "one server alone is redis://host:port"
        ) from None
    except ResponseError as error:
        raise Unreachable(
            f"{place} runs, and refuses what it is asked: {str(error).rstrip('.')}; see its log"
        ) from None
    except (RedisError, OSError) as error:
        raise Unreachable(
            f"no Redis at {place}: {str(error).rstrip('.')}; "
            "is it running, and is this its address?"
        ) from None
