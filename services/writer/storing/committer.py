"""Stores the results of a batch of inbox entries, in one step each, under a lease."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.services.writer.storing.replicas import Replicas
from padfleet.shared.log.channel_messages import UNSETTLED
from padfleet.shared.log.connection.connect import PATIENCE, UNREACHABLE, Redis
from padfleet.shared.log.connection.retry import LONGEST_OF_FEW, RetryPauses
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.inboxes import commits
from padfleet.shared.log.inboxes.commits import CommitVerdict
from padfleet.shared.log.inboxes.confirming import Unconfirmed
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.unwritten import Unwritten

log = logging.getLogger(__name__)

Commit = tuple[Lease, str, Mapping[str, PadBatch]]
"""The lease of a partition, its new position, and the work that leads there."""

TRIM_EVERY = 20
"""How many entries may be settled before the inbox is trimmed. Redis drops whole nodes of the
stream only, and as many short entries are in one."""

P = ParamSpec("P")
T = TypeVar("T")


class LeaseLost(Exception):
    """Another writer owns the partition, or has moved it on, so our knowledge of it is void."""


class Spoilt(Exception):
    """One pad of the batch is not in the expected state, and so nothing was stored for any of
    them."""

    def __init__(self, pad: str, why: str, *, damaged: bool) -> None:
        """Takes the pad and the reason. If it is `damaged`, its stored parts are inconsistent;
        otherwise somebody else has moved it on, and it has to be loaded again."""
        super().__init__(f"{pad}: {why}")
        self.pad = pad
        self.why = why
        self.damaged = damaged


async def persistently(call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Retries for as long as Redis is away: entries that have been read are ours only until
    somebody else has the lease. For calls that end by themselves, as hot commands do."""
    pauses = RetryPauses(LONGEST_OF_FEW)
    while True:
        try:
            return await call(*args, **kwargs)
        except UNREACHABLE as error:
            log.warning("Redis is away, retrying", extra={"error": str(error)})
            await pauses.rest()


async def patiently(call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Does what `persistently` does, for a call that may take minutes to report that nobody
    answers."""

    async def in_time() -> T:
        async with asyncio.timeout(PATIENCE):
            return await call(*args, **kwargs)

    return await persistently(in_time)


class Committer:
    """Stores results. Each call raises `LeaseLost` if somebody else has the lease by now, and any
    other error of Redis, except for an unreachable server."""

    def __init__(self, redis: Redis, keyspace: Keyspace, replicas: Replicas, lease_ms: int) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._replicas = replicas
        self._lease_ms = lease_ms
        self._untrimmed: Counter[int] = Counter()  #: settled since the last trim, by partition

    async def commit(
        self, lease: Lease, position: str, work: dict[str, PadBatch], *aside: str
    ) -> Lease:
        """Appends the work on all pads, moves the inbox to `position`, and tells the workers once
        as many replicas as wanted have it. Returns the lease at its new position.

        Arguments:
            aside: entries after the position that are settled as well. They leave the inbox in the
                same step, so that they are not found when it is read again.

        Raises `Spoilt` if one pad keeps everything from being stored.
        """
        began = time.time_ns()
        call = self._call(lease, (position, *aside), work)
        verdict = await persistently(commits.commit, self._redis, call)
        self._check(verdict, position, list(work))
        _trace("commit", began, work)
        if self._replicas.wanted:
            began = time.time_ns()
            messages = {item.keys.channel: item.message(lease.reign) for item in work.values()}
            await self._tell(lease, position, messages)
            _trace("wait for replicas", began, work)
        return lease._replace(position=position)

    def post(self, each: Sequence[Commit]) -> "asyncio.Future[list[Any]] | None":
        """Does what `commit` does, for several partitions in one round trip and without waiting;
        pass the replies to `lease_after`. Returns None if it would have to wait."""
        return commits.post(
            self._redis, [self._call(lease, (position,), work) for lease, position, work in each]
        )

    @staticmethod
    def lease_after(lease: Lease, position: str, reply: Any) -> Lease | None:
        """Returns the lease at its new position; None if it is not known to be there, in which case
        `commit` finds out why."""
        verdict = commits.verdict_of(reply)
        done = verdict is not None and verdict.word == b"ok"
        return lease._replace(position=position) if done else None

    def _call(
        self, lease: Lease, settled: Iterable[str], work: Mapping[str, PadBatch]
    ) -> commits.CommitCall:
        opened = [Unwritten(pad, item.pad.epoch) for pad, item in work.items() if item.by_opening]
        return commits.commit_call(
            self._keyspace,
            lease,
            settled,
            [item.part(lease.reign) for item in work.values()],
            opened,
            lease_ms=self._lease_ms,
            trim=self._trims(lease.partition, work),
            hold=bool(self._replicas.wanted),
        )

    def _trims(self, partition: int, work: Mapping[str, PadBatch]) -> bool:
        """Returns whether this commit trims the inbox."""
        settled = sum([len(item.revisions) + len(item.outcomes) for item in work.values()])
        self._untrimmed[partition] += max(1, settled)
        if self._untrimmed[partition] < TRIM_EVERY:
            return False
        self._untrimmed[partition] = 0
        return True

    async def delete(self, lease: Lease, position: str, keys: PadKeys, epoch: int) -> Lease:
        """Deletes the pad's keys; `epoch` is the one of whatever takes its place."""
        verdict = await patiently(commits.delete, self._redis, lease, position, keys, epoch)
        self._check(verdict, position)
        return lease._replace(position=position)

    async def tell_untold(self, lease: Lease) -> None:
        """Publishes what the previous writer committed and did not live to publish."""
        if lease.untold:
            await self._tell(lease, lease.position, dict.fromkeys(lease.untold, UNSETTLED))

    async def _tell(self, lease: Lease, position: str, messages: dict[str, bytes]) -> None:
        """Publishes what was held back, once the replicas have the commit."""
        try:
            await patiently(self._replicas.have, lease, position)
        except Unconfirmed as error:
            raise LeaseLost(str(error)) from error
        await patiently(
            commits.tell_held_back, self._redis, self._keyspace, lease, position, messages
        )

    @staticmethod
    def _check(verdict: CommitVerdict, position: str, pads: Sequence[str] = ()) -> None:
        word, details = verdict
        if word == b"ok":
            return
        if word == b"position" and details == [position.encode()]:
            # The answer to an earlier attempt got lost, but it had succeeded: nobody else can have
            # moved the position during our term.
            return
        if word in (b"head", b"damaged"):
            number, what = details
            damaged = word == b"damaged"
            why = what.decode() if damaged else f"its head is {what.decode()} by now"
            raise Spoilt(pads[int(number) - 1], why, damaged=damaged)
        raise LeaseLost(f"{word.decode()} is now {b' '.join(details).decode()}")


def _trace(name: str, began: int, work: dict[str, PadBatch]) -> None:
    """Records the end of a step that all entries of a batch took together."""
    for item in work.values():
        for trace in item.traces:
            trace.span(name, began, revisions=len(item.revisions), pads=len(work))
