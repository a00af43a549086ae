"""Tests the parts of redis-py that are overridden (see `tests.unit.overridden.points`). The part
that only a cluster calls is in `tests/cluster`.

A failure here means that a new version of redis-py has changed inside.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from redis.asyncio import Redis as SingleClient
from redis.asyncio import RedisCluster
from redis.asyncio.client import Pipeline
from redis.asyncio.cluster import ClusterPipeline, NodesManager
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.exceptions import ConnectionError as GoneAway
from redis.exceptions import NoScriptError

from padfleet.shared.log.connection import connect, lanes, listening, slots
from padfleet.shared.log.connection import pipe as pipe_module
from padfleet.shared.log.connection.connect import Redis, open_redis
from padfleet.shared.log.connection.errors import NotNow, error_of
from padfleet.shared.log.connection.pipe import leads_astray, open_pipe
from tests.unit.overridden.points import Point, check_signature, overridden, signature_of

UNBOUNDED = "commands do not wait for a place in their lane, and redis-py runs out of connections"

POINTS = (
    Point(
        SingleClient,
        lanes.LaneClient,
        "execute_command",
        "async (self, *args, **options)",
        UNBOUNDED,
    ),
    Point(
        SingleClient,
        lanes.LaneClient,
        "pipeline",
        "(self, transaction=True, shard_hint=None)",
        UNBOUNDED,
    ),
    Point(Pipeline, lanes._LanePipeline, "execute", "async (self, raise_on_error=True)", UNBOUNDED),
)

CLUSTER_POINTS = (
    Point(
        RedisCluster,
        lanes.LaneCluster,
        "execute_command",
        "async (self, *args, **kwargs)",
        UNBOUNDED,
    ),
    Point(
        RedisCluster,
        lanes.LaneCluster,
        "pipeline",
        "(self, transaction=None, shard_hint=None)",
        UNBOUNDED,
    ),
    Point(
        ClusterPipeline,
        lanes._LaneClusterPipeline,
        "execute",
        "async (self, raise_on_error=True, allow_redirections=True)",
        UNBOUNDED,
    ),
    Point(
        NodesManager,
        slots.Slots,
        "initialize",
        "async (self, additional_startup_nodes_info=None, last_failed_node_name=None)",
        "while a node is away, each command that fails makes the table of all slots anew",
    ),
)


@pytest.mark.parametrize("point", [*POINTS, *CLUSTER_POINTS], ids=str)
def test_redis_py_still_has_what_is_overridden(point: Point) -> None:
    check_signature(point)


def test_every_override_has_its_test() -> None:
    points = (*POINTS, *CLUSTER_POINTS)
    ours = {point.ours for point in points}
    found = {(cls, name) for cls in ours for name in overridden(cls, "redis")}
    assert found == {(point.ours, point.name) for point in points}


def test_pipelines_are_still_made_of_the_same_parts() -> None:
    """`LaneClient.pipeline` and `LaneCluster.pipeline` construct these pipelines themselves."""
    assert signature_of(Pipeline.__init__) == (
        "(self, connection_pool, response_callbacks, transaction, shard_hint)"
    )
    assert signature_of(ClusterPipeline.__init__) == "(self, client, transaction=None)"


def test_all_connections_send_by_the_method_that_is_replaced() -> None:
    """`connect._send_or_lose` replaces this method. Without it, commands that were sent to a
    replaced primary would be answered, and cancellations would get lost."""
    assert signature_of(connect._send_packed) == "async (self, command, check_health=True)"
    assert "send_packed_command" in vars(AbstractConnection)
    for connection in _subclasses(AbstractConnection):  # type: ignore[type-abstract]
        assert "send_packed_command" not in vars(connection), (
            f"{connection.__name__} sends by a method of its own, past ours"
        )


def test_all_connections_pack_by_the_method_that_is_replaced() -> None:
    """`connect._pack_with_hiredis` replaces this method. Without it, each command takes some
    microseconds more."""
    assert signature_of(connect._pack_command) == "(self, *args)"
    assert vars(AbstractConnection)["pack_command"] is connect._pack_with_hiredis
    for connection in _subclasses(AbstractConnection):  # type: ignore[type-abstract]
        assert "pack_command" not in vars(connection), (
            f"{connection.__name__} packs by a method of its own, past ours"
        )


def _subclasses(cls: type[AbstractConnection]) -> Iterator[type[AbstractConnection]]:
    for found in cls.__subclasses__():
        yield found
        yield from _subclasses(found)


async def test_a_connection_can_be_taken_over(opened: Redis) -> None:
    """`pipe.open_pipe` and `listening.listen` let redis-py connect and then take over the
    transport."""
    connection = opened.node_for("").connection()
    await connection.connect()
    assert isinstance(connection._writer, asyncio.StreamWriter)
    assert await connection.can_read() is False
    transport = connection._writer.transport
    connection._close()
    assert transport.is_closing()
    assert not connection.is_connected
    assert isinstance(error_of("NOSCRIPT no"), NoScriptError)
    await opened.close()


async def test_connections_by_sentinel_know_whom_it_names() -> None:
    """`pipe.leads_astray` compares these two names. If they did not exist, it would never find a
    connection astray."""
    sentinel = Sentinel([("127.0.0.1", 1)])
    pool = SentinelConnectionPool("any", sentinel)
    assert pool.is_master is True
    assert pool.master_address is None
    connection = pool.make_connection()
    assert connection.connection_pool is not None
    connection.host, connection.port = "127.0.0.1", 2
    assert not leads_astray(connection)
    pool.master_address = ("127.0.0.1", 3)
    assert leads_astray(connection)


def places_taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns a list that gets a node's name whenever a command takes a place in a lane of that
    node."""
    taken: list[str] = []
    place = lanes.Lanes.place

    def noted(self: lanes.Lanes, node: str = "") -> AbstractAsyncContextManager[None]:
        taken.append(node)
        return place(self, node)

    monkeypatch.setattr(lanes.Lanes, "place", noted)
    return taken


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return places_taken(monkeypatch)


@pytest.fixture
async def opened(redis_url: str) -> Redis:
    return open_redis(redis_url)


@pytest.mark.parametrize("code", ["MISCONF", "NOREPLICAS", "BUSY"])
async def test_a_server_that_takes_no_writes_is_told_from_a_wrong_command(
    opened: Redis, code: str
) -> None:
    """Our own classes are added to `BaseParser.EXCEPTION_CLASSES`, and the parser in use reads them
    there."""
    with pytest.raises(NotNow):
        await opened.client.execute_command(
            "EVAL", f"return redis.error_reply('{code} for now')", 0
        )
    await opened.close()


@pytest.mark.parametrize("transaction", [False, True])
async def test_every_command_waits_for_its_place(
    opened: Redis, places: list[str], transaction: bool
) -> None:
    await opened.client.echo("by its name")
    assert len(places) == 1
    await opened.client.execute_command("ECHO", "as it is sent")
    assert len(places) == 2
    pipeline = opened.client.pipeline(transaction=transaction)
    _ = pipeline.get("a")
    await pipeline.execute()
    assert len(places) == 3
    await opened.close()


async def test_each_way_to_send_goes_by_ours(
    opened: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands, pipelines and bare connections: each is asked whether it leads astray."""
    node = opened.node_for("a channel")
    connection = node.connection()
    await connection.connect()
    await opened.ping()  # one connection is in the pool now
    monkeypatch.setattr(connect, "leads_astray", lambda _: True)
    try:
        with pytest.raises(GoneAway, match="taken the place"):
            await connection.send_command("PING", check_health=False)
        with pytest.raises(GoneAway, match="taken the place"):
            await opened.client.echo("x")
        monkeypatch.setattr(connect, "leads_astray", lambda _: False)
        await opened.ping()
        monkeypatch.setattr(connect, "leads_astray", lambda _: True)
        pipeline = opened.client.pipeline(transaction=False)
        _ = pipeline.get("a")
        with pytest.raises(GoneAway, match="taken the place"):
            await pipeline.execute()
    finally:
        monkeypatch.undo()
        await opened.close()


async def test_subscriptions_and_hot_commands_are_asked_whether_they_lead_astray(
    opened: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A primary that Sentinel has replaced, and that lives, says nothing of its own accord."""
    node = opened.node_for("a channel")
    heard = await listening.listen(node.connection(), lambda _: None, silence=60, patience=60)
    pipe = await open_pipe(node.connection(), patience=60)
    pipe._watched = True  # as of a connection that Sentinel led to
    for module in (listening, pipe_module):
        monkeypatch.setattr(module, "leads_astray", lambda _: True)
    heard.send(("PING",))
    with pytest.raises(GoneAway, match="taken the place"):
        raise await heard.ended
    assert not pipe.is_open
    await opened.close()
