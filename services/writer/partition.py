"""Commits what the inbox of one partition brings."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from services.writer import metrics
from services.writer.cache import PadCache
from services.writer.pad import Pad
from services.writer.replicas import Replicas, Unconfirmed
from services.writer.upkeep import Upkeep
from services.writer.work import Work
from shared import tracing
from shared.log import scripts
from shared.log.connect import UNREACHABLE, Redis
from shared.log.document import Change, CorruptPad
from shared.log.history import read_meta, read_revisions
from shared.log.inbox import Received, entered_at
from shared.log.keys import Keyspace, PadKeys, read_only_key
from shared.log.leases import Lease
from shared.log.records import (
    CREATED,
    UNSETTLED,
    Creation,
    Deletion,
    Entry,
    Fence,
    Outcome,
    Submission,
)

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

RETRY_DELAY = 0.1

TURNS_PER_LEASE = 30
"""How many times within one lease a long batch is committed as far as it has got, and the event
loop is left to others: every 100 ms with the default lease."""


class LeaseLost(Exception):
    """Another writer owns the partition, or has moved it on: what we know of it is void."""


class Committer:
    """Turns batches of inbox entries into commits, for any partition that we hold the lease of."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        pads: PadCache,
        upkeep: Upkeep,
        replicas: Replicas,
        lease_ms: int,
    ) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._pads = pads
        self._upkeep = upkeep
        self._replicas = replicas
        self._lease_ms = lease_ms
        self._turn = lease_ms / 1000 / TURNS_PER_LEASE

    async def settle(self, lease: Lease, received: list[Received]) -> Lease:
        """Settles entries that stand right behind the lease's position; returns the lease at its
        new one.

        Raises `LeaseLost`. While the server is away it goes on trying: entries that have been
        read are only ours until somebody else has the lease.
        """
        started = turn = time.perf_counter()
        work: dict[str, Work] = {}
        upto = lease.position
        for entry_id, entry in received:
            if (now := time.perf_counter()) - turn > self._turn:
                # Rebasing very stale submissions takes long. Were a batch of them committed only
                # at its end, the lease could run out first, and the next writer would fare no
                # better with the same batch. So what is done is committed, and the leases get
                # their turn.
                lease = await self._commit(lease, upto, work)
                work = {}
                await asyncio.sleep(0)
                turn = now
            if isinstance(entry, Deletion):
                # A deletion takes the pad's keys away and therefore has a call of its own.
                lease = await self._commit(lease, upto, work)
                work = {}
                lease = await self._delete(lease, entry_id, entry)
            elif entry is not None:
                await self._take(entry_id, entry, work)
            upto = entry_id
        lease = await self._commit(lease, upto, work)
        metrics.BATCH.observe(len(received))
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
        return lease

    async def _take(self, entry_id: str, entry: Entry, work: dict[str, Work]) -> None:
        trace, began = tracing.chosen(entry.origin), time.time_ns()
        keys = self._keyspace.pad(entry.pad)
        item = work.get(entry.pad)
        try:
            if item is not None and item.unreadable:
                raise CorruptPad(item.unreadable)
            if item is None:
                pad = await self._patiently(self._pads.get, entry.pad)
                item = work[entry.pad] = Work(keys, pad, pad.head, pad.chain)
            await self._apply(entry, item)
        except CorruptPad as error:
            log.error("corrupt pad", extra={"pad": entry.pad, "error": str(error)})
            if item is None:
                item = work[entry.pad] = await self._unreadable(keys, str(error))
            refusal = Outcome(entry.origin, "refused", -1, "corruptPad", str(error))
            item.outcomes.append(refusal)
        except UNREACHABLE:
            raise
        except Exception:
            # A fault of ours, met by this entry. It must not stop the partition for everyone.
            log.exception("entry refused because of a fault", extra={"pad": entry.pad})
            if item is None:
                item = work[entry.pad] = await self._unreadable(keys, "internal fault")
            else:
                await self._load_again(entry.pad, item)
            refusal = Outcome(
                entry.origin, "refused", item.pad.head, "badChangeset", "internal fault"
            )
            item.outcomes.append(refusal)
        if trace is not None:
            trace.span("wait for the writer", entered_at(entry_id), began)
            trace.span("rebase", began, head=item.pad.head)
            item.traces.append(trace)

    async def _unreadable(self, keys: PadKeys, why: str) -> Work:
        """What is stored of the pad stays untouched; answers alone are published, under the epoch
        that its rooms know."""
        try:
            epoch = (await self._patiently(read_meta, self._redis, keys)).epoch
        except Exception:
            log.exception("meta not readable", extra={"key": keys.meta})
            epoch = 0
        return Work(keys, Pad(epoch), None, unreadable=why)

    async def _load_again(self, pad_id: str, item: Work) -> None:
        """What a fault has left of the pad in memory is not known. Brings it to where it was before
        the entry: what is stored, and what the batch has come to so far."""
        self._pads.forget(pad_id)
        old = item.pad
        try:
            pad = await self._patiently(self._pads.get, pad_id)
            for revision in item.revisions:
                pad.replay(revision)
        except Exception:
            log.exception("pad not loaded again", extra={"pad": pad_id})
            self._pads.forget(pad_id)
            item.unreadable = "internal fault"
            return
        pad.sessions, pad.fences = old.sessions, old.fences
        if item.created:
            pad.creator = old.creator
        item.pad = pad

    async def _apply(self, entry: Entry, item: Work) -> None:
        pad, now = item.pad, int(time.time() * 1000)
        match entry:
            case Submission():
                older = await self._older_changes(item, entry)
                result = pad.submit(entry, now, older)
                item.revisions += result.revisions
                if result.outcome is not None:
                    item.outcomes.append(result.outcome)
                    if result.outcome.kind == "refused":
                        log.warning(
                            "submission refused",
                            extra={
                                "pad": entry.pad,
                                "author": entry.author,
                                "reason": result.outcome.detail,
                            },
                        )
                metrics.ENTRIES.add(result.outcome.kind if result.outcome else "revision")
            case Fence():
                pad.fence(entry.author, entry.order)
                item.fences[entry.author] = pad.fences[entry.author]
                item.outcomes.append(Outcome(entry.origin, "done", pad.head))
            case Creation():
                made = not pad.exists
                if made:
                    first = pad.create(entry.text, entry.author, now, wrote_it=entry.wrote_it)
                    item.revisions.append(first)
                    item.created = True
                reason = CREATED if made else ""
                item.outcomes.append(Outcome(entry.origin, "done", pad.head, reason))
            case Deletion():  # pragma: no cover
                raise AssertionError("deletions have a call of their own")

    async def _older_changes(self, item: Work, entry: Submission) -> list[Change]:
        """What a very stale submission needs and the pad no longer has in memory."""
        first = item.pad.oldest_needed(entry.base_rev)
        if first is None:
            return []
        changes = []
        last = item.pad.oldest_recent - 1
        for start in range(first, last + 1, 500):
            stop = min(start + 499, last)
            revisions = await self._patiently(read_revisions, self._redis, item.keys, start, stop)
            changes += [item.pad.change_of(revision) for revision in revisions]
        return changes

    async def _commit(self, lease: Lease, position: str, work: dict[str, Work]) -> Lease:
        if position == lease.position:
            return lease
        keys = [self._keyspace.state(lease.partition), self._keyspace.inbox(lease.partition)]
        args: list[str | bytes | int] = [lease.term, lease.position, position, self._lease_ms]
        args += [lease.reign, "hold" if self._replicas.wanted else "tell"]
        for item in work.values():
            pad_keys, pad_args = item.keys_and_args(lease.reign)
            keys += pad_keys
            args += pad_args
        began = time.time_ns()
        await self._call(scripts.COMMIT, lease, keys, args, position)
        self._trace("commit", began, work)
        if self._replicas.wanted:
            began = time.time_ns()
            messages = {item.keys.channel: item.message(lease.reign) for item in work.values()}
            await self._tell(lease, position, messages)
            self._trace("wait for replicas", began, work)
        for pad_id, item in work.items():
            metrics.REVISIONS.value += len(item.revisions)
            if item.revisions and not item.unreadable:
                await self._upkeep.after_commit(lease, pad_id, item.pad)
        return lease._replace(position=position)

    def _trace(self, name: str, began: int, work: dict[str, Work]) -> None:
        """A step that all entries of a batch took together has ended."""
        for item in work.values():
            for trace in item.traces:
                trace.span(name, began, revisions=len(item.revisions), pads=len(work))

    async def tell_untold(self, lease: Lease) -> None:
        """Makes up for the writer before, which committed and did not live to tell. Raises
        `LeaseLost`."""
        if lease.untold:
            await self._tell(lease, lease.position, dict.fromkeys(lease.untold, UNSETTLED))

    async def _tell(self, lease: Lease, position: str, messages: dict[str, bytes]) -> None:
        """Publishes what was held back, once the replicas have the commit."""
        try:
            await self._patiently(self._replicas.have, lease, position)
        except Unconfirmed as error:
            raise LeaseLost(str(error)) from error
        args: list[str | bytes | int] = [lease.term, position]
        for channel, message in messages.items():
            args += [channel, message]
        state = self._keyspace.state(lease.partition)
        await self._patiently(scripts.TELL, self._redis.client, [state], args)

    async def _delete(self, lease: Lease, position: str, entry: Deletion) -> Lease:
        keys = self._keyspace.pad(entry.pad)
        try:
            pad = await self._patiently(self._pads.get, entry.pad)
        except Exception as error:
            known = isinstance(error, CorruptPad)
            log.error("corrupt pad", extra={"pad": entry.pad}, exc_info=None if known else error)
            item = await self._unreadable(keys, str(error))
            item.outcomes.append(Outcome(entry.origin, "refused", -1, "corruptPad", str(error)))
            return await self._commit(lease, position, {entry.pad: item})
        if not pad.exists or not (entry.allowed or pad.creator == entry.author):
            reason = "notCreator" if pad.exists else "deleted"
            refusal = Outcome(entry.origin, "refused", pad.head, reason, "only its creator may")
            work = {entry.pad: Work(keys, pad, None, outcomes=[refusal])}
            return await self._commit(lease, position, work)
        meta = await self._patiently(read_meta, self._redis, keys)
        all_keys = [self._keyspace.state(lease.partition), keys.meta, *keys.deletable]
        args: list[str | bytes | int] = [
            lease.term,
            lease.position,
            position,
            keys.channel,
            pad.epoch + 1,
            lease.reign,
        ]
        await self._call(scripts.DELETE, lease, all_keys, args, position)
        self._pads.forget(entry.pad)
        if meta.read_only_id is not None:
            await self._patiently(self._redis.client.delete, read_only_key(meta.read_only_id))
        log.info("pad deleted", extra={"pad": entry.pad, "author": entry.author})
        return lease._replace(position=position)

    async def _call(
        self,
        script: scripts.Script,
        lease: Lease,
        keys: list[str],
        args: list[str | bytes | int],
        position: str,
    ) -> None:
        verdict, *details = await self._patiently(script, self._redis.client, keys, args)
        if verdict == b"ok":
            return
        if verdict == b"position" and details == [position.encode()]:
            # The answer to an earlier attempt got lost, and it had done its work: nobody else can
            # have moved the position during our term.
            return
        raise LeaseLost(f"{verdict.decode()} is now {b' '.join(details).decode()}")

    async def _patiently(
        self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        while True:
            try:
                return await call(*args, **kwargs)
            except UNREACHABLE as error:
                log.warning("Redis is away, retrying", extra={"error": str(error)})
                await asyncio.sleep(RETRY_DELAY)
