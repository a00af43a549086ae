"""This module asks a server whether it still has a commit, and how many of its replicas have it."""

import asyncio
from typing import NamedTuple

from redis.asyncio.connection import AbstractConnection

from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import COMMAND_TIMEOUT, Node
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.reigns import server_of
from padfleet.shared.task_faults import hand_over
from padfleet.shared.tasks import Tasks

WAIT_MS = 500
"""The duration of one wait in ms. Waits are repeated without limit: nobody is told of a commit that
the replicas do not have, however long that takes."""


class Unconfirmed(Exception):
    """Says that the commit is not, or no longer, on this server, and that nobody has been told of
    it. The text is the verdict of confirm.lua."""


class _Question(NamedTuple):
    state: str
    lease: Lease
    position: str
    answer: "asyncio.Future[int]"  #: how many replicas have the commit


class ConfirmingConnection:
    """A connection to one node for WAIT, which concerns the connection on which it is sent.
    redis-py's pools and cluster client do not let one choose the connection.

    While one WAIT is in progress, the commits of other partitions gather and share the next one,
    since WAIT covers everything that was written on its connection before. So a commit waits for at
    most two of them, however many partitions the node has.
    """

    def __init__(self, node: Node, wanted: int) -> None:
        self._node = node
        self._wanted = wanted
        self._connection: AbstractConnection | None = None
        self._server = ""  #: the server that answered the last question, by its name in the reign
        self._waiting: list[_Question] = []
        self._tasks = Tasks()
        self._task: asyncio.Task[None] | None = None

    async def ask(self, state: str, lease: Lease, position: str) -> int:
        """Returns how many replicas have the commit that moved the partition to `position`: as many
        as are wanted, or fewer if they did not confirm it within `WAIT_MS`. `state` is the
        partition's key.

        Raises `Unconfirmed`, or what `UNREACHABLE` lists.
        """
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Question(state, lease, position, answer))
        if self._task is None:
            self._task = self._tasks.begin(self._run(), "replicas", node=self._node.name)
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                answers: list[int | Exception]
                try:
                    answers = await self._exchange(asked)
                except Exception as error:
                    # Half-read replies would be taken for replies to the next question.
                    await self._hang_up()
                    answers = [error] * len(asked)
                except asyncio.CancelledError:
                    for question in asked:
                        question.answer.cancel()
                    raise
                for question, answer in zip(asked, answers, strict=True):
                    hand_over(question.answer, answer)
        finally:
            self._task = None

    async def _exchange(self, asked: list[_Question]) -> list[int | Exception]:
        server = server_of(asked[-1].lease.reign)
        if server != self._server:
            # There was a fail-over. The old primary may be frozen, and waiting for it would take
            # long.
            self._server = server
            await self._hang_up()
        if self._connection is None:
            connection = self._node.connection()
            # The kernel of a frozen server still accepts connections, but nothing answers.
            async with asyncio.timeout(COMMAND_TIMEOUT):
                await connection.connect()
            self._connection = connection
        connection = self._connection
        text = scripts.CONFIRM.text
        confirm = [
            ("EVAL", text, 1, state, lease.term, position, lease.reign)
            for state, lease, position, _ in asked
        ]
        packed = connection.pack_commands([*confirm, ("WAIT", self._wanted, WAIT_MS)])
        async with asyncio.timeout(2 * WAIT_MS / 1000 + 1):
            await connection.send_packed_command(packed, check_health=False)
            verdicts = [await connection.read_response() for _ in asked]
            count = int(await connection.read_response())
        return [
            count
            if verdict == b"ok"
            else Unconfirmed(f"{verdict.decode()} is now {b' '.join(details).decode()}")
            for verdict, *details in verdicts
        ]

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self._hang_up()
