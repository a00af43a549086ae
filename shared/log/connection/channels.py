"""This module keeps sharded subscriptions alive.

Pub/sub forgets: what is published while nobody listens is gone. So the subscriber reports whenever
a channel has been subscribed *again*, and whoever uses it reads from the stream what may have been
missed.

redis-py's own cluster pub/sub reads its nodes one after another with blocking waits, which takes
seconds with two nodes, and it does not find a promoted node by itself. So this module has one
connection and one task for each node, which is called the node's feed here.

A channel is in one feed at most, whatever crosses on the way: people leave and come back while its
slot moves, and a server that stands still answers seconds later. What a feed loses is therefore
lost, and what it does not have cannot be lost with it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import ResponseError

from padfleet.shared.log.connection.connect import (
    COMMAND_TIMEOUT,
    PATIENCE,
    UNREACHABLE,
    Node,
    Redis,
)
from padfleet.shared.log.connection.listening import ListeningConnection, listen
from padfleet.shared.log.connection.retry import LONGEST_OF_FEW, RetryPauses
from padfleet.shared.supervision.keeper import Keeper, Loose
from padfleet.shared.supervision.progress import progress
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

PING_INTERVAL = 2.0
"""How many seconds a connection may be silent before it is checked. After as many again without an
answer, it is given up."""


class Subscriber:
    """Delivers the messages of every subscribed channel to `on_message`, in order.

    `on_resubscribed(channel)` is called when a subscription that had been lost is back. Both are
    called from the event loop and must not block.
    """

    def __init__(
        self,
        redis: Redis,
        on_message: Callable[[str, bytes], None],
        on_resubscribed: Callable[[str], None],
        keeper: Keeper | None = None,
    ) -> None:
        """Makes a subscriber without any channels.

        Arguments:
            keeper: runs the tasks of the connections.
        """
        self._redis = redis
        self._on_message = on_message
        self._on_resubscribed = on_resubscribed
        self._wanted: dict[str, asyncio.Event] = {}
        self._confirmed_once: set[str] = set()
        self._feeds: dict[str, _NodeFeed] = {}
        self.keeper = keeper or Loose()
        self._closed = False

    @property
    def connected(self) -> bool:
        """Whether no channel is lost at the moment. One that is only just being subscribed is not:
        where people keep opening pads, there is one all the time."""
        return all(self._wanted[channel].is_set() for channel in self._confirmed_once)

    async def subscribe(self, channel: str) -> None:
        """Subscribes the channel, and returns once the server has confirmed it: nothing that is
        published from now on is missed. Raises what `UNREACHABLE` lists if no node has it."""
        event = self._wanted.get(channel)
        if event is None:
            self._place(channel)
            event = self._wanted[channel] = asyncio.Event()
        await event.wait()

    def unsubscribe(self, channel: str) -> None:
        self._wanted.pop(channel, None)
        self._confirmed_once.discard(channel)
        for feed in self._feeds.values():
            feed.drop(channel)

    async def close(self) -> None:
        self._closed = True
        feeds = list(self._feeds.values())
        self._feeds.clear()
        for feed in feeds:
            feed.task.stop()
        for feed in feeds:
            await feed.close()

    def _place(self, channel: str) -> None:
        """Subscribes the channel on the node that has it, as far as is known, and nowhere else."""
        node = self._redis.node_for(channel)
        feed = self._feeds.get(node.name)
        if feed is None:
            feed = self._feeds[node.name] = _NodeFeed(self, node)
        for other in self._feeds.values():
            if other is not feed and channel in other.channels:
                # It may be subscribed there again, since it was lost: what is published until this
                # node has confirmed it may be missed.
                self.doubtful({channel})
                other.drop(channel)
        feed.add(channel)

    # Called by the feeds.

    def deliver(self, channel: str, data: bytes) -> None:
        if channel in self._wanted:
            self._on_message(channel, data)

    def confirmed(self, channel: str) -> None:
        event = self._wanted.get(channel)
        if event is None or event.is_set():
            return
        event.set()
        if channel in self._confirmed_once:
            self._on_resubscribed(channel)
        self._confirmed_once.add(channel)

    def doubtful(self, channels: set[str]) -> None:
        """Notes that these channels are not subscribed at the moment."""
        for channel in channels:
            if event := self._wanted.get(channel):
                event.clear()

    async def lost(self, feed: "_NodeFeed", channels: set[str]) -> None:
        """Subscribes these channels again, on whichever node has them now, as far as they are still
        the feed's by then."""
        try:
            await self._redis.refresh()
        except (*UNREACHABLE, ResponseError):
            pass  # the topology is read again when the next attempt fails
        except Exception:
            log.exception("topology not read")
        if self._closed:
            return
        for channel in channels & feed.channels:
            try:
                self._place(channel)
            except UNREACHABLE:
                feed.add(channel)  # no node has it just now: what this one answers is looked into
            except Exception:
                log.exception("channel not subscribed", extra={"channel": channel})
                feed.add(channel)

    def done(self, feed: "_NodeFeed") -> None:
        """Notes that a feed ends, which has no channels."""
        if self._feeds.get(feed.node.name) is feed:
            del self._feeds[feed.node.name]


class _NodeFeed:
    """The connection to one node. It is made anew for as long as channels are wanted there."""

    def __init__(self, subscriber: Subscriber, node: Node) -> None:
        self.node = node
        self.channels: set[str] = set()
        self._ended: set[str] = set()
        """Those of them that the server has unsubscribed on this connection by itself, and that
        have not been asked for again."""
        self._leaving = Counter[str]()
        """For each channel, how many of our requests to unsubscribe it on this connection are still
        unanswered."""
        self._subscriber = subscriber
        self._connection: ListeningConnection | None = None
        self._pauses = RetryPauses(LONGEST_OF_FEW)
        self._moving = Tasks()
        self.task = subscriber.keeper.keep("subscriptions", self._run, part=node.name)

    async def close(self) -> None:
        await self.task.ended()
        await self._moving.closed()

    def add(self, channel: str) -> None:
        if channel not in self.channels or channel in self._ended:
            self.channels.add(channel)
            self._ended.discard(channel)
            self._send("SSUBSCRIBE", channel)

    def drop(self, channel: str) -> None:
        if channel not in self.channels:
            return
        self.channels.discard(channel)
        if channel in self._ended:
            # The server would refuse to unsubscribe what it does not have, and that would cost all
            # channels of this connection.
            self._ended.discard(channel)
            return
        if self._connection is not None:
            self._leaving[channel] += 1
        self._send("SUNSUBSCRIBE", channel)

    def _send(self, *command: str) -> None:
        """Sends the command if connected; on connecting, all channels are subscribed anyway. A
        failed send needs no handling: the connection ends, and a new one is made."""
        if self._connection is not None:
            self._connection.send(command)

    async def _run(self) -> None:
        while True:
            progress()
            try:
                await self._listen()
            except UNREACHABLE as error:
                log.warning(
                    "subscription lost, retrying",
                    extra={"node": self.node.name, "error": str(error)},
                )
            except ResponseError as error:
                # MOVED: another node has the slot now. The error does not say which of our requests
                # it answers, so all channels are subscribed again.
                log.info(
                    "subscription refused", extra={"node": self.node.name, "error": str(error)}
                )
            except Exception:
                # A fault of ours, or of the library, is as good a reason to reconnect.
                log.exception("subscription failed", extra={"node": self.node.name})
            await self._pauses.rest()
            with suppress(TimeoutError):  # then the next attempt asks again
                async with asyncio.timeout(PATIENCE):
                    await self._subscriber.lost(self, self.channels)
            if not self.channels:
                self._subscriber.done(self)
                self.task.let_end()
                return

    async def _listen(self) -> None:
        """Reads until the connection ends, and raises the reason."""
        connection = await listen(
            self.node.connection(), self._take, silence=PING_INTERVAL, patience=COMMAND_TIMEOUT
        )
        try:
            self._connection = connection
            self._leaving.clear()
            self._ended.clear()
            # One command for each channel: a cluster refuses several slots in one.
            connection.send(*(("SSUBSCRIBE", channel) for channel in self.channels))
            while not connection.ended.done():
                progress()
                await asyncio.wait((connection.ended,), timeout=connection.look())
            raise connection.ended.result()
        finally:
            self._connection = None
            connection.close()
            # However this ends, messages may be missed from now on.
            self._subscriber.doubtful(self.channels)

    def _take(self, reply: Any) -> None:
        match reply:
            case [b"smessage", bytes(channel), bytes(data)]:
                self._subscriber.deliver(channel.decode(), data)
            case [b"ssubscribe", bytes(channel), _]:
                self._pauses.succeeded()
                self._ended.discard(channel.decode())
                # Until our unsubscription is answered, this is the answer to an earlier
                # subscription.
                if not self._leaving[channel.decode()]:
                    self._subscriber.confirmed(channel.decode())
            case [b"sunsubscribe", bytes(channel), _]:
                self._left(channel.decode())

    def _left(self, channel: str) -> None:
        if self._leaving[channel]:
            # This answers our request. Somebody may want the channel again by now; that
            # subscription is on its way.
            self._leaving[channel] -= 1
            if not self._leaving[channel]:
                del self._leaving[channel]
        elif channel in self.channels:
            # Nobody has asked for this: the slot has moved away from this node.
            self._ended.add(channel)
            self._subscriber.doubtful({channel})
            self._moving.start(self._subscriber.lost(self, {channel}), "moving", channel=channel)
