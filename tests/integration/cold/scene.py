"""The parts of one writer and one worker that move the pads of a partition, with a cold store in
memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from padfleet.services.writer.cold import freezing
from padfleet.services.writer.cold.freezing import Freezing
from padfleet.shared.cold.thawing import Thawing
from padfleet.shared.cold.writing_behind import WriteBehind
from padfleet.shared.log.channel_messages import Left, Member
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.fleet import leases
from padfleet.shared.log.fleet.leases import Lease
from padfleet.shared.log.keys import WORKERS, Keyspace
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.pads import claim_read_only
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people import presence
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.log.people.authors import bring
from padfleet.shared.log.records import Revision
from tests.cold_memory import MemoryPads
from tests.integration.archive.made_pad import CHAT, CREATOR, SAVED

LEASE_MS = 60_000


class Scene:
    """`go` starts over in a process that knows nothing, as after a crash. The store may be behind
    for no time: each look brings what there is."""

    def __init__(self, redis: Redis, keyspace: Keyspace, pads: MemoryPads | None = None) -> None:
        self.redis = redis
        self.keyspace = keyspace
        self.pads = pads or MemoryPads()
        self.go()

    def go(self, after_ms: int = 0, *, trusting_s: float = 0.0) -> None:
        self.thawing = Thawing(self.redis, self.keyspace, self.pads, trusting_s=trusting_s)
        self.write = WriteBehind(self.redis, self.keyspace, self.pads)
        self.freezing = Freezing(
            self.redis, self.keyspace, self.thawing, after_ms=after_ms, every_ms=0
        )
        self.redis.elsewhere = self.thawing

    async def lease(self, pad: str) -> Lease:
        partition = self.keyspace.partition_of(pad)
        found = await leases.acquire(self.redis, self.keyspace, partition, "w", LEASE_MS)
        assert found is not None
        return found

    async def look(
        self, pad: str, lease: Lease | None = None, *, leaving: freezing.Leaving | None = None
    ) -> None:
        """Has the writer look at the partition of the pad."""
        await self.look_at_all([lease or await self.lease(pad)], leaving)

    async def look_at_all(
        self, held: Sequence[Lease], leaving: freezing.Leaving | None = None
    ) -> None:
        """Has the writer look at these partitions."""
        await self.freezing.look_at_all(held, leaving or Leaving(), lambda _: True)

    async def freeze(self, pad: str) -> str:
        return await self.write.freeze(
            await self.lease(pad), pad, Leaving().between_batches(0, pad)
        )

    async def make(self, pad: str, revisions: Sequence[Revision]) -> None:
        """Makes a pad with everything that a pad may have, in a partition that has had a writer."""
        await self.lease(pad)
        staging = await Staging.begin(self.redis, self.keyspace, pad, head=revisions[-1].rev)
        await staging.add(revisions)
        await staging.add_chat(CHAT)
        await staging.add_saved(SAVED)
        await bring(self.redis, [Author(CREATOR, None, 3), Author("a.x", "Ada", "#112233")])
        await staging.install(
            above_epoch=0,
            creator=CREATOR,
            read_only_id=await claim_read_only(self.redis, f"r.{pad}", pad),
            replace=False,
            settings=b'{"lang": "de"}',
            deletion=b"hash",
            more={"public": "1", "notice": "of old"},
        )

    async def keys_of(self, pad: str) -> list[str]:
        """Returns all the keys of a pad that are left in Redis."""
        found = [key async for key in self.redis.client.scan_iter(match="pf:*")]
        return sorted(key.decode() for key in found if pad in key.decode())

    async def document(self, pad: str) -> Document:
        keys = self.keyspace.pad(pad)
        meta = await read_meta(self.redis, keys)
        assert meta.exists
        document = Document(meta.epoch)
        await load(self.redis, keys, meta, document)
        return document

    async def join(
        self, pad: str, session: str = "s1", author: str = "a.x", *, lives: bool = True
    ) -> None:
        """Puts a session on the pad. With `lives`, the session's worker counts as alive."""
        if lives:
            await presence.beat(self.redis, WORKERS, "w-1", LEASE_MS)
        member = Member(session, author, "w-1", None, 1, False, False)
        await presence.join(self.redis, self.keyspace.pad(pad), member)

    async def leave(self, pad: str, session: str = "s1", author: str = "a.x") -> None:
        await presence.leave(self.redis, self.keyspace.pad(pad), [Left(session, author, 1)])


class Leaving:
    """A writer that has no copy of any pad."""

    def uncopied(self, _pad: str) -> None:
        return None

    @asynccontextmanager
    async def between_batches(self, _partition: int, _pad: str) -> AsyncIterator[None]:
        yield

    async def newest_snapshot(self, _lease: Lease, _pad: str) -> None:
        return
