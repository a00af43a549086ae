"""This module sends the few commands that every revision needs, over connections that many share
(`pipe`).

Everything else uses redis-py's client, which takes a connection from a pool and does a good deal of
bookkeeping for each command. Hot commands use one connection to each node, and only failures get
special care: then the same owner of the topology is asked that everybody else asks (`Topology`),
and it is told what a node says about the topology, so that everything in a process agrees on the
primary.
"""

import asyncio
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from redis import exceptions
from redis.asyncio.connection import AbstractConnection

from padfleet.shared.log.connection.command_links import (
    AWAY,
    BlockingLink,
    CommandLink,
    Opener,
    SharedLink,
)
from padfleet.shared.log.connection.lanes import key_of, on_its_way
from padfleet.shared.log.connection.pipe import Command, Pipe, open_pipe
from padfleet.shared.tasks import all_of

PATIENCE: Final = 20.0
"""The seconds for all further attempts of a command. The first one ends through the time-outs of
the connection, so callers need no time-out themselves."""

ATTEMPTS: Final = 4
"""How often a command is attempted at most while the server cannot be reached. Each of padfleet's
commands may be repeated: submissions and commits are recognised."""

PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.5
"""The longest pause in seconds before the next attempt. The pause begins with `PAUSE`, and doubles
with each attempt."""

HOPS: Final = 16
"""How often a command may be forwarded to another node of a cluster, or told to try again, at
most."""

TRY_AGAIN: Final = 0.05
"""The seconds before a command that was told to try again is sent again, in the second half of the
hops."""

FRESH: Final = 0.05
"""How many seconds a topology that has just been read is good enough for the next caller with a
failure: thousands meet the same failure at once. This is no longer than the pause before the next
attempt."""

REDIRECTED = (exceptions.MovedError, exceptions.AskError, exceptions.TryAgainError)
_CARE = (*AWAY, *REDIRECTED)

ASKING: Final[Command] = ("ASKING",)


class NodeAddress(Protocol):
    """What is needed of `connect.Node`."""

    @property
    def name(self) -> str: ...

    def connection(self) -> AbstractConnection: ...


class Topology(Protocol):
    """What is needed of `connect.Redis`: which node has which slot, as far as is known."""

    @property
    def is_cluster(self) -> bool: ...

    def node_for(self, channel: str) -> NodeAddress: ...

    def node_at(self, host: str, port: int) -> NodeAddress: ...

    async def moved(self, error: exceptions.MovedError) -> None: ...

    async def refresh(self) -> None: ...


class HotCommands:
    """Commands of one kind. They share a connection to each node, and commands of other kinds do
    not delay them."""

    def __init__(self, topology: Topology, *, patience: float) -> None:
        """Makes no connection yet.

        Arguments:
            patience: how many seconds a server may be silent while it owes a reply.
        """
        self._topology = topology
        self._is_cluster = topology.is_cluster
        self._patience = patience
        self._shared: dict[str, CommandLink] = {}
        self._waiting: dict[str, CommandLink] = {}
        self._refreshing = asyncio.Lock()
        self._refreshed = float("-inf")

    async def call(self, *command: Any) -> Any:
        """Returns the reply to one command, as received. Raises, retries and redirects in the same
        cases as redis-py's client."""
        return _reply_of(await self.exchange((command,)))

    async def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any:
        return await self.call("EVALSHA", sha, numkeys, *keys_and_args)

    async def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        return await self.call("EVAL", script, numkeys, *keys_and_args)

    async def call_blocking(self, *command: Any) -> Any:
        """Does what `call` does for a blocking command, which must block for less time than a
        server may be silent. Nothing else is sent on its connection meanwhile."""
        commands = (command,)
        replies = await self._send(commands, self._waiting)
        if isinstance(replies[0], _CARE):
            replies = await self._take_care(commands, replies, ATTEMPTS, self._waiting)
        return _reply_of(replies)

    async def exchange(
        self, commands: Sequence[Command], *, attempts: int = ATTEMPTS
    ) -> Sequence[Any]:
        """Returns the replies to commands that are sent together, in order; a failure is an
        exception. Commands of one slot are executed in order, even if they are redirected to
        another node.

        Arguments:
            attempts: how often the commands are attempted at most while the server cannot be
                reached.
        """
        replies = await self._send(commands, self._shared)
        for reply in replies:
            if isinstance(reply, _CARE):
                return await self._take_care(commands, replies, attempts, self._shared)
        return replies

    def post(self, commands: Sequence[Command]) -> "asyncio.Future[list[Any]] | None":
        """Does what `exchange` does, in one attempt and without a coroutine. Returns None, and
        sends nothing, if it would have to wait first; then use `exchange`.

        Arguments:
            commands: on a cluster, these must be of one slot.
        """
        link = self._straight(str(key_of(commands[0]) or ""))
        return link.post(commands) if link is not None else None

    def ask(self, *command: Any) -> "Asking":
        """Sends one command at once, and returns something to await the reply with, which does not
        take a task, as a coroutine would that is to be sent before it is awaited. It is awaited
        once at most."""
        return Asking(self, command)

    async def take_care(self, commands: Sequence[Command], replies: list[Any]) -> list[Any]:
        """Returns the replies to commands that were posted, with failures replaced by the results
        of further attempts."""
        return await self._take_care(commands, replies, ATTEMPTS, self._shared)

    def _straight(self, key: str) -> SharedLink | None:
        """Returns the link to the node that is known to have the key, or None."""
        try:
            name = self._topology.node_for(key).name if self._is_cluster else ""
        except AWAY:
            return None
        link = self._shared.get(name)
        return link if isinstance(link, SharedLink) else None

    def close(self) -> None:
        """Closes all connections, and fails whatever is in flight on them."""
        for link in (*self._shared.values(), *self._waiting.values()):
            link.close()

    # --- The straight way ------------------------------------------------------------------------

    async def _send(self, commands: Sequence[Command], links: dict[str, CommandLink]) -> list[Any]:
        if not self._is_cluster:
            link = links.get("") or self._link(self._topology.node_for(""), links, "")
            return await link.exchange(commands)
        if len(commands) == 1:  # as nearly always
            try:
                node = self._topology.node_for(str(key_of(commands[0]) or ""))
            except AWAY as error:
                return [error]
            return await self._link(node, links).exchange(commands)
        replies: list[Any] = [None] * len(commands)
        places: dict[str, tuple[CommandLink, list[int]]] = {}
        for at, command in enumerate(commands):
            try:
                node = self._topology.node_for(str(key_of(command) or ""))
            except AWAY as error:
                replies[at] = error  # no node has the slot just now
                continue
            if node.name not in places:
                places[node.name] = (self._link(node, links), [])
            places[node.name][1].append(at)
        work = [link.exchange([commands[at] for at in some]) for link, some in places.values()]
        for (_, some), found in zip(places.values(), await all_of(*work), strict=True):
            for at, reply in zip(some, found, strict=True):
                replies[at] = reply
        return replies

    def _link(
        self, node: NodeAddress, links: dict[str, CommandLink], name: str | None = None
    ) -> CommandLink:
        name = node.name if name is None else name
        link = links.get(name)
        if link is None:
            opener = self._opener(node)
            shared = links is self._shared
            link = links[name] = SharedLink(opener) if shared else BlockingLink(opener)
        return link

    def _opener(self, node: NodeAddress) -> Opener:
        async def opened() -> Pipe:
            return await open_pipe(node.connection(), patience=self._patience)

        return opened

    # --- What fails ------------------------------------------------------------------------------

    async def _take_care(
        self,
        commands: Sequence[Command],
        replies: list[Any],
        attempts: int,
        links: dict[str, CommandLink],
    ) -> list[Any]:
        """Returns the replies, with failures replaced by the results of further attempts."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._try_again(commands, replies, attempts, links)
        for at, reply in enumerate(replies):
            if isinstance(reply, REDIRECTED):
                replies[at] = on_its_way(commands[at])
        return replies

    async def _try_again(
        self,
        commands: Sequence[Command],
        replies: list[Any],
        attempts: int,
        links: dict[str, CommandLink],
    ) -> None:
        failures = hops = 0
        while failed := [at for at, reply in enumerate(replies) if isinstance(reply, _CARE)]:
            errors: list[Exception] = [replies[at] for at in failed]
            await self._learn(errors)
            if any(isinstance(error, AWAY) for error in errors):
                failures += 1
                pause = min(PAUSE * 2.0 ** (failures - 1), LONGEST_PAUSE)
            else:
                hops += 1
                waits = any(isinstance(error, exceptions.TryAgainError) for error in errors)
                pause = TRY_AGAIN if waits and hops > HOPS // 2 else 0.0
            if failures >= attempts or hops >= HOPS:
                return
            if pause:
                await asyncio.sleep(pause)
            # All of them are sent together, in order: none may overtake another.
            again = await self._send_again([commands[at] for at in failed], errors, links)
            for at, reply in zip(failed, again, strict=True):
                replies[at] = reply

    async def _send_again(
        self, commands: Sequence[Command], why: Sequence[Exception], links: dict[str, CommandLink]
    ) -> list[Any]:
        if not any(map(_is_ask, why)):
            return await self._send(commands, links)
        replies: list[Any] = []
        for command, error in zip(commands, why, strict=True):
            if _is_ask(error):
                assert isinstance(error, exceptions.AskError)
                # This goes to the node that is receiving the slot, and only this once, since it
                # does not have all of the slot yet.
                link = self._link(self._topology.node_at(error.host, error.port), links)
                replies.append((await link.exchange((ASKING, command)))[1])
            else:
                replies += await self._send((command,), links)
        return replies

    async def _learn(self, errors: Sequence[Exception]) -> None:
        """Tells the owner of the topology what the errors say about it."""
        slots: set[int] = set()
        for error in errors:
            if isinstance(error, exceptions.MovedError) and error.slot_id not in slots:
                slots.add(error.slot_id)
                with suppress(*AWAY, exceptions.ResponseError):
                    await self._topology.moved(error)
        if not self._is_cluster or not any(isinstance(error, AWAY) for error in errors):
            return
        asked = time.monotonic()
        async with self._refreshing:
            if self._refreshed + FRESH < asked:  # else somebody has just asked, for everybody
                self._refreshed = time.monotonic()
                with suppress(*AWAY, exceptions.ResponseError):
                    await self._topology.refresh()


class Asking:
    """A command that has been sent. Awaiting it does what `HotCommands.call` does; nobody has
    to."""

    __slots__ = ("_command", "_hot", "_replies")

    def __init__(self, hot: HotCommands, command: Command) -> None:
        self._hot = hot
        self._command = command
        self._replies = hot.post((command,))

    def __await__(self) -> Generator[Any, None, Any]:
        hot, command = self._hot, self._command
        if self._replies is None:  # it could not be sent without waiting
            return (yield from hot.call(*command).__await__())
        replies = yield from self._replies.__await__()
        if isinstance(replies[0], _CARE):
            replies = yield from hot.take_care((command,), replies).__await__()
        return _reply_of(replies)


def _is_ask(error: Exception) -> bool:
    """Returns whether a node has answered ASK. In redis-py, MOVED is a subclass of ASK."""
    return isinstance(error, exceptions.AskError) and not isinstance(error, exceptions.MovedError)


def _reply_of(replies: Sequence[Any]) -> Any:
    reply = replies[0]
    if isinstance(reply, Exception):
        try:
            raise reply.with_traceback(None)
        finally:
            # The traceback includes this frame, which would keep everything that it refers to
            # alive.
            del reply, replies
    return reply
