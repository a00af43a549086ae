"""This module limits a process's use of Redis, and keeps it fair between the purposes that need it.

What every revision needs shares a few connections (`hot`). Everything else uses redis-py, which
opens a connection for each command in progress and raises an error at its limit. That would hit
whoever comes next, even if hundreds wait for it. So commands queue here, each in the lane of its
purpose, first come, first served. Each lane has a number of places, so that no lane can starve
another, and all places together are fewer than the connections.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any, Final

from redis.asyncio import Redis as SingleClient
from redis.asyncio import RedisCluster
from redis.asyncio.client import Pipeline
from redis.asyncio.cluster import ClusterPipeline
from redis.exceptions import ClusterError, RedisClusterException, RedisError, TryAgainError

from padfleet.shared.log.connection.slots import Slots


class Lane(Enum):
    """What a command is for. The value says how many commands of the lane may be in progress at the
    same time; on a cluster, this holds for each node."""

    FIRST = ("first", 20)  #: commits, and what reports that the process is alive
    SESSIONS = ("sessions", 50)  #: whoever joins, types or reads over a socket
    CALLS = ("calls", 16)  #: requests of the API, exports, imports and pages

    @property
    def places(self) -> int:
        return self.value[1]


CONNECTIONS: Final = 2 * sum(lane.places for lane in Lane)
"""The maximum number of connections that redis-py may open to one server. Nothing waits for this
limit. It is higher than the number of places because some connections are just being returned."""

READERS: Final = 64
"""The maximum number of blocking reads of entries on one server, each of which has a connection to
itself. They are a writer's: one for each inbox on a cluster, and otherwise one for all inboxes."""

_lane: ContextVar[Lane] = ContextVar("lane of the commands to Redis", default=Lane.SESSIONS)
_inside: ContextVar[bool] = ContextVar("in a place of a lane", default=False)


def take_lane(lane: Lane) -> None:
    """Makes the calling task, and the tasks that it starts, use this lane."""
    _lane.set(lane)


class Lanes:
    """The lanes of the calls of one client."""

    def __init__(self) -> None:
        self._places: dict[tuple[Lane, str], asyncio.Semaphore] = {}

    @asynccontextmanager
    async def place(self, node: str = "") -> AsyncIterator[None]:
        """Takes a place in the lane of the calling task. What redis-py sends on behalf of a command
        that has a place, after a slot has moved, does not take another: it would wait for itself.
        """
        if _inside.get():
            yield
            return
        lane = _lane.get()
        places = self._places.get((lane, node))
        if places is None:
            places = self._places[lane, node] = asyncio.Semaphore(lane.places)
        async with places:
            token = _inside.set(True)
            try:
                yield
            finally:
                _inside.reset(token)


class _LanePipeline(Pipeline):
    lanes: Lanes

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        async with self.lanes.place():
            return await super().execute(raise_on_error)


class LaneClient(SingleClient):
    """A client of a single server, or of the primary that Sentinel names."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lanes = Lanes()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        async with self.lanes.place():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        pipeline = _LanePipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )
        pipeline.lanes = self.lanes
        return pipeline


class _LaneClusterPipeline(ClusterPipeline):
    lanes: Lanes

    async def execute(
        self, raise_on_error: bool = True, allow_redirections: bool = True
    ) -> list[Any]:
        async with self.lanes.place("pipelines"):
            return await super().execute(raise_on_error, allow_redirections)


class LaneCluster(RedisCluster):
    """A client of a cluster. Each node has separate places: commands that wait for an unreachable
    node must not delay commands to others."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.nodes_manager = Slots(self.nodes_manager)
        self.lanes = Lanes()

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        async with self.lanes.place(self._node_name(args)):
            try:
                return await super().execute_command(*args, **options)
            except ClusterError as error:
                # redis-py says this after too many redirections, or too many requests to try again.
                if "TTL exhausted" not in str(error):
                    raise
                raise on_its_way(args) from error
            except AttributeError as error:
                # The command was redirected to a node that has no slots yet, as happens when a
                # cluster grows: redis-py does not know the node, and continues with None.
                raise on_its_way(args) from error

    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> ClusterPipeline:
        pipeline = _LaneClusterPipeline(self, transaction)  # type: ignore[abstract]
        pipeline.lanes = self.lanes
        return pipeline

    def _node_name(self, args: Sequence[Any]) -> str:
        key = key_of(args)
        if key is None:
            return ""
        try:
            name: str = self.nodes_manager.get_node_from_slot(self.keyslot(key)).name
        except (RedisError, RedisClusterException, LookupError):
            return ""  # no node has the slot just now
        return name


def on_its_way(args: Sequence[Any]) -> TryAgainError:
    """Returns the exception for a slot that could not be found for a long time, although its nodes
    are alive."""
    return TryAgainError(
        f"the slot of {key_of(args)} stands half-moved between two nodes; if nobody is resharding, "
        "this ends it: redis-cli --cluster fix <host:port>"
    )


def key_of(args: Sequence[Any]) -> Any | None:
    """Returns the first key of one of the commands that padfleet uses, or None for one without
    keys. Pure."""
    name = str(args[0]).upper()
    if name in ("EVAL", "EVALSHA"):
        return args[3] if len(args) > 3 and int(args[2]) > 0 else None
    if name == "XREAD":
        words = [word.upper() if isinstance(word, str | bytes) else word for word in args]
        for streams in ("STREAMS", b"STREAMS"):
            if streams in words[:-1]:
                return args[words.index(streams) + 1]
        return None
    return args[1] if len(args) > 1 else None
