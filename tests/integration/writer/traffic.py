"""Submissions without sockets: what workers put into inboxes, and what came of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from padfleet.shared.easysync import AttributePool, make_splice
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.entries import Creation, Submission
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.document import Document, load
from padfleet.shared.log.pad.history import read_revisions
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.records import Origin, Revision
from tests.eventually import eventually

TEXT = "start\n"


@dataclass
class Typist:
    """One session that submits numbered tokens, without waiting for answers.

    Among others it does so against revision 0, so the writer rebases each over all that has come
    since. `alone` on its pad, it knows what its own submissions come to.
    """

    pad: str
    session: str
    author: str = "a.typist"
    alone: bool = False
    submitted: list[str] = field(default_factory=list)
    epoch: int | None = None  #: None: not read yet

    async def submit(self, inbox: InboxWriter) -> None:
        if self.epoch is None:
            meta = await read_meta(inbox.redis, inbox.keyspace.pad(self.pad))
            self.epoch = meta.epoch
        seq = len(self.submitted) + 1
        token = f"<{self.session}.{seq}>"
        before = "".join(reversed(self.submitted)) if self.alone else ""
        base_rev = seq - 1 if self.alone else 0
        pool = AttributePool()
        by_me = [("author", self.author)]
        changeset = make_splice(f"{before}{TEXT}\n", 0, 0, token, by_me, pool)
        self.submitted.append(token)
        origin, apool = Origin(self.session, seq), pool.to_jsonable()
        await inbox.put(
            Submission(self.pad, origin, 1, self.epoch, self.author, base_rev, changeset, apool)
        )


async def create(inbox: InboxWriter, redis: Redis, keyspace: Keyspace, pad: str) -> None:
    await inbox.put(Creation(pad, Origin("creator", 1), "a.creator", TEXT))

    async def exists() -> bool:
        return (await read_meta(redis, keyspace.pad(pad))).exists

    await eventually(exists, f"{pad} exists", timeout=30)


async def history(redis: Redis, keyspace: Keyspace, pad: str) -> list[Revision]:
    """Returns the whole history. Raises if it has a hole (I1)."""
    keys = keyspace.pad(pad)
    meta = await read_meta(redis, keys)
    found: list[Revision] = []
    while len(found) <= meta.head:
        found += await read_revisions(redis, keys, len(found), len(found) + 499)
    return found


async def all_settled_once(redis: Redis, keyspace: Keyspace, typists: list[Typist]) -> None:
    """Asserts that every submission is one revision, in the order of its session, and that its text
    is there once."""
    for pad in {typist.pad for typist in typists}:
        mine = [typist for typist in typists if typist.pad == pad]
        expected = sum(len(typist.submitted) for typist in mine)

        async def settled(pad: str = pad, expected: int = expected) -> bool:
            head = (await read_meta(redis, keyspace.pad(pad))).head
            assert head >= expected, f"only {head} so far"
            return True

        await eventually(settled, f"{expected} revisions on {pad}", timeout=60)
        revisions = await history(redis, keyspace, pad)
        assert [revision.rev for revision in revisions] == list(range(expected + 1))
        origins = Counter(revision.origin for revision in revisions[1:])
        assert max(origins.values()) == 1, "a submission was committed twice"
        keys = keyspace.pad(pad)
        meta = await read_meta(redis, keys)
        document = Document(meta.epoch)
        await load(redis, keys, meta, document)
        for typist in mine:
            in_order = [
                r.origin.seq for r in revisions if r.origin and r.origin[0] == typist.session
            ]
            assert in_order == list(range(1, len(typist.submitted) + 1))
            assert all(document.atext.text.count(token) == 1 for token in typist.submitted)


async def type_until(inbox: InboxWriter, typists: list[Typist], stop: asyncio.Event) -> None:
    async def one(typist: Typist) -> None:
        while not stop.is_set():
            await typist.submit(inbox)
            await asyncio.sleep(0.05)

    await asyncio.gather(*map(one, typists))
