"""This module connects to Redis: to a single server, a primary that Sentinel names, or a cluster.

The rest of the package sees a `Redis`, with a client for commands and a way to open a bare
connection for subscriptions.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple, cast

from redis import exceptions
from redis.asyncio import Redis as SingleClient
from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialBackoff
from redis.crc import key_slot

from padfleet.shared.log.connection.auto_pipeline import AutoPipeline
from padfleet.shared.log.connection.errors import NotNow, NoWrites
from padfleet.shared.log.connection.hot import HotCommands
from padfleet.shared.log.connection.lanes import CONNECTIONS, LaneClient, LaneCluster
from padfleet.shared.log.connection.pipe import leads_astray, pack
from padfleet.shared.log.connection.succession import Succession
from padfleet.shared.log.elsewhere import Elsewhere
from padfleet.shared.log.register import Register
from padfleet.shared.settings.redis_url import parse
from padfleet.shared.tasks import cancellations

Client = SingleClient | RedisCluster


class Outdated(exceptions.ConnectionError):
    """Says that the answer came from a server that has been replaced."""


_send_packed = AbstractConnection.send_packed_command


async def _send_or_lose(
    self: AbstractConnection, command: bytes | str | Iterable[bytes], check_health: bool = True
) -> None:
    if self.is_connected and leads_astray(self):
        await self.disconnect(nowait=True)
        # This does not reconnect: whoever has subscribed on the connection has to do so again.
        raise exceptions.ConnectionError("another server has taken the place of this one")
    if not self.is_connected:
        # redis-py would reconnect to the address that it had, and the kernel of a frozen primary
        # accepts new connections. This asks Sentinel first, if there is one.
        await self.connect()
    asked_to_end = cancellations()
    try:
        await _send_packed(self, command, check_health)
    except (RuntimeError, AttributeError) as error:
        # The connection has been closed meanwhile. If the server did it, uvloop raises
        # RuntimeError, where asyncio's own loop raises nothing and the read fails. If another task
        # did it, the writer is None. redis-py only expects OSError.
        raise exceptions.ConnectionError(f"closed meanwhile: {error}") from error
    if cancellations() > asked_to_end:
        # redis-py sends with `asyncio.wait_for`, which before Python 3.12 ignores a cancellation in
        # the turn of the event loop in which it has sent. A cancelled caller would go on. Since
        # nobody will read the reply, the connection cannot be used any more.
        await self.disconnect(nowait=True)
        raise asyncio.CancelledError


# This applies to all connections of redis-py, including those of Sentinel and of cluster nodes,
# for which it has separate classes.
AbstractConnection.send_packed_command = _send_or_lose  # type: ignore[method-assign]

_pack_command = AbstractConnection.pack_command


def _pack_with_hiredis(self: AbstractConnection, *args: Any) -> list[bytes]:
    """Encodes a command as redis-py does, in a fifth of the time: its own asynchronous
    connections use hiredis for replies only."""
    # redis-py takes "CONFIG GET" apart, and has words of its own for arguments that do not suit.
    if type(args[0]) is str and " " not in args[0]:
        with suppress(exceptions.DataError):
            return [pack((args,))]
    return _pack_command(self, *args)


AbstractConnection.pack_command = _pack_with_hiredis  # type: ignore[method-assign]

UNREACHABLE = (
    exceptions.ConnectionError,  # includes MasterNotFoundError and refused passwords
    exceptions.TimeoutError,
    exceptions.BusyLoadingError,
    exceptions.ClusterDownError,
    exceptions.ClusterError,  # also what is made of a lasting TRYAGAIN
    exceptions.RedisClusterException,  # no node known for a slot, or no node reachable at all
    exceptions.ReadOnlyError,  # still speaking to a primary that became a replica
    exceptions.MasterDownError,
    exceptions.TryAgainError,  # a slot is on its way to another node
    exceptions.OutOfMemoryError,
    NotNow,
    OSError,
)
"""What a command raises while the server cannot be used. A moment later it may succeed."""

COMMAND_TIMEOUT = 2.0
"""The seconds without an answer after which a connection counts as broken. This is longer than any
blocking read of padfleet (0.25 s), since otherwise such a read would look like a dead server. It is
not much longer, because only after it is what was sent to a frozen primary sent to the new one."""


PATIENCE = 20.0
"""The seconds for one step of a long-running task, after which the step is retried. If all nodes of
a cluster swallow what they are sent, redis-py by itself takes minutes to report it, and a task that
makes no progress for one minute counts as dead."""

READS_AT_ONCE = 20
"""The maximum number of reads of histories, or of new authors, that a process handles at the same
time."""


class Node(NamedTuple):
    """A server on which subscriptions can be made; its name is stable as long as the server
    lives."""

    name: str
    connection_class: type[AbstractConnection]
    options: dict[str, Any]

    def connection(self) -> AbstractConnection:
        # RESP2, because with RESP3 redis-py passes pushed messages to a callback, out of order with
        # the replies. No read timeout: a quiet channel is not a broken one (the subscriber pings).
        options = {**self.options, "protocol": 2, "socket_timeout": None}
        return self.connection_class(**options)


class Redis:
    """The clients for commands, and the nodes for subscriptions."""

    elsewhere: Elsewhere | None = None
    """The source of pads that are not in Redis, or None if there is none."""

    register: Register | None = None
    """The source of people, groups and sessions that are not in Redis, or None if there is none."""

    def __init__(self, client: Client) -> None:
        self.client = client  #: redis-py's client, for everything that is not hot
        # `isinstance` takes microseconds, since redis-py's clients implement protocols.
        self._cluster = client if isinstance(client, RedisCluster) else None
        self.hot = HotCommands(self, patience=COMMAND_TIMEOUT)
        """The commands that every revision needs, on its way into and out of its inbox."""
        self._pipelined = HotCommands(self, patience=COMMAND_TIMEOUT)
        self.auto_pipeline = AutoPipeline(self._pipelined)
        """The commands that thousands of sockets may want at the same moment."""
        self.read_limit = asyncio.Semaphore(READS_AT_ONCE)
        """Limits calls that thousands of sockets may want and that do not go through
        `auto_pipeline`, so that people who only read the history leave connections for those who
        join; see `lanes`."""
        self._succession = Succession()

    @property
    def is_cluster(self) -> bool:
        return self._cluster is not None

    async def start(self) -> None:
        """Connects once. Raises what `UNREACHABLE` lists if no server can be reached."""
        if self._cluster is not None:
            _ = await self._cluster.initialize()
        else:
            await self.ping()

    async def ping(self) -> None:
        """Returns when a server has answered; on a cluster, this may be any of its nodes. Raises
        what `UNREACHABLE` lists."""
        with suppress(NoWrites):  # this is an answer, too: the server can be read
            await self.client.execute_command("PING")

    async def close(self) -> None:
        self.hot.close()
        self._pipelined.close()
        await self.client.aclose()

    def node_for(self, channel: str) -> Node:
        """Returns the node on which a sharded channel lives."""
        if self._cluster is not None:
            slot = key_slot(channel.encode())
            node: ClusterNode = self._cluster.nodes_manager.get_node_from_slot(slot)
            return Node(node.name, node.connection_class, node.connection_kwargs)
        pool = cast("SingleClient", self.client).connection_pool
        return Node("primary", pool.connection_class, pool.connection_kwargs)

    def node_at(self, host: str, port: int) -> Node:
        """Returns the node of a cluster that has this address, even if it was not known before."""
        assert self._cluster is not None
        nodes = self._cluster.nodes_manager
        known: ClusterNode | None = nodes.get_node(host=host, port=port)
        if known is None:
            known = ClusterNode(host, port, **nodes.connection_kwargs)
        return Node(known.name, known.connection_class, known.connection_kwargs)

    async def moved(self, error: exceptions.MovedError) -> None:
        """Notes that, as a node has said, another node has a slot, just as redis-py does for its
        own commands."""
        if (client := self._cluster) is not None:
            client.reinitialize_counter += 1
            if client.reinitialize_counter % client.reinitialize_steps == 0:
                await self.refresh()
            else:
                await client.nodes_manager.move_slot(error)

    async def heard_under(self, partition: int, reign: str) -> None:
        """Checks the reign that an answer gives; it must be called for every such answer. Raises
        `Outdated`, which `UNREACHABLE` lists, if that reign is over: the next answer may come from
        another server."""
        if not self.is_present(partition, reign):
            await self.refresh()
            raise Outdated(f"the reign {reign} over partition {partition} is over")

    def is_present(self, partition: int, reign: str) -> bool:
        """Returns whether this reign is not over. This is the check for a message, which cannot be
        asked for again."""
        return self._succession.accepts(partition, reign, time.monotonic())

    def known_reign(self, partition: int) -> str:
        """Returns the last reign that the partition is known to have had; empty if none is
        known."""
        return self._succession.present(partition)

    async def refresh(self) -> None:
        """Asks again which node has which slots.

        redis-py does so by itself after a failed command, but a process that only subscribes sends
        no commands, and would wait for a dead node forever.
        """
        if self._cluster is not None:
            await self._cluster.nodes_manager.initialize()


def open_redis(url: str) -> Redis:
    """Makes a `Redis` for this URL, without connecting yet. Raises ValueError, which says what is
    wrong with the URL."""
    where = parse(url)
    options: dict[str, Any] = {
        "username": where.username,
        "password": where.password,
        # RESP2 everywhere, so that a reply has one form only.
        "protocol": 2,
        "socket_timeout": COMMAND_TIMEOUT,
        "socket_connect_timeout": COMMAND_TIMEOUT,
        # Every write of padfleet may be repeated: submissions and commits are recognised.
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), 3),
        "max_connections": CONNECTIONS,
        **where.tls_options,
    }
    match where.kind:
        case "unix":
            return Redis(LaneClient(unix_socket_path=where.path, db=where.db, **options))
        case "single":
            ((host, port),) = where.hosts
            return Redis(LaneClient(host=host, port=port, db=where.db, **options))
        case "cluster":
            nodes = [ClusterNode(host, port) for host, port in where.hosts]
            return Redis(LaneCluster(startup_nodes=nodes, **options))
        case "sentinel":
            timeouts = {k: v for k, v in options.items() if k.startswith(("socket", "ssl"))}
            sentinel = Sentinel(where.hosts, sentinel_kwargs=timeouts, **options)
            return Redis(sentinel.master_for(where.service, LaneClient, db=where.db))
