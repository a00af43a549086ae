"""A pad's text at one revision, moved forward one revision at a time. Pure but for `load`."""

from hashlib import blake2b
from typing import NamedTuple

from shared.easysync import (
    AText,
    AttributePool,
    EasysyncError,
    make_atext,
    move_ops_to_new_pool,
    unpack,
)
from shared.easysync.body import Body
from shared.easysync.patches import Patches, patches_of
from shared.log.connect import Redis
from shared.log.history import HistoryGap, PadMeta, read_revisions, read_snapshot
from shared.log.keys import PadKeys
from shared.log.records import Revision, Snapshot
from shared.wire.jsontext import loads

READ_STEP = 500
"""Revisions per read while loading."""


class CorruptPad(Exception):
    """What is stored of the pad does not fit together. The text says what."""


class Change(NamedTuple):
    """A revision's changeset, with the attribute numbers of the document's own pool."""

    changeset: str
    author: str


class Document:
    """A pad at revision `head`. Its pool has numbers of its own: they mean nothing outside."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self.head = -1  #: -1: not created yet
        self.time = 0  #: of the head, ms since the epoch
        self.chain = b""
        self.body = Body(make_atext("\n"))
        self.pool = AttributePool()
        self._atext: AText | None = None

    @property
    def exists(self) -> bool:
        return self.head >= 0

    @property
    def atext(self) -> AText:
        """The text with its attributes. Costs a pass over it the first time after a change."""
        if self._atext is None:
            self._atext = self.body.to_atext()
        return self._atext

    def restore(self, snapshot: Snapshot) -> None:
        """Becomes what the snapshot holds. Only for a document that holds nothing yet.

        `CorruptPad`: its attributes are not those of its text.
        """
        try:
            self.body = Body(AText(snapshot.text, snapshot.attribs))
        except EasysyncError as error:
            raise CorruptPad(f"the snapshot does not fit together: {error}") from error
        self._atext = None
        self.epoch, self.head = snapshot.epoch, snapshot.rev
        self.time, self.chain = snapshot.time, snapshot.chain
        for key, value in snapshot.pool:
            self.pool.put(key, value)

    def replay(self, revision: Revision) -> None:
        """Takes in a committed revision. `CorruptPad`: it is not the next one of this history."""
        if revision.rev != self.head + 1:
            raise CorruptPad(f"revision {revision.rev} does not follow {self.head}")
        if chain_of(self.chain, revision.wire) != revision.chain:
            raise CorruptPad(f"revision {revision.rev} belongs to another history")
        try:
            change = self.change_of(revision)
            patches = patches_of(unpack(change.changeset), self.body, self.pool)
        except (EasysyncError, ValueError, KeyError, TypeError) as error:
            raise CorruptPad(f"revision {revision.rev} does not apply: {error}") from error
        self.advance(revision, change.changeset, patches)

    def change_of(self, revision: Revision) -> Change:
        data = loads(revision.wire)
        pool = AttributePool.from_jsonable(data["apool"])
        return Change(move_ops_to_new_pool(data["changeset"], pool, self.pool), revision.author)

    def advance(self, revision: Revision, changeset: str, patches: Patches) -> None:
        """Moves to `revision`, whose changeset does what `patches` say."""
        if revision.author:
            self.pool.put("author", revision.author)
        patches.apply()
        self._atext = None
        self.head, self.time, self.chain = revision.rev, revision.time, revision.chain

    def authors(self) -> list[str]:
        """Everyone who has written here, or whose text was brought here."""
        pairs = (self.pool.get(number) for number in range(len(self.pool)))
        return [value for key, value in pairs if key == "author" and value]


def chain_of(before: bytes, wire: bytes) -> bytes:
    """The running hash over a history, after one more revision."""
    return blake2b(before + wire, digest_size=16).digest()


async def load(redis: Redis, keys: PadKeys, meta: PadMeta, document: Document) -> Snapshot | None:
    """Brings a new document to the head that `meta` names; returns the snapshot it started from.

    Snapshot and tail: what it costs does not grow with the pad's age. Raises `CorruptPad`.
    """
    snapshot = await read_snapshot(redis, keys)
    if snapshot is not None and snapshot.rev <= meta.head:
        document.restore(snapshot)
    try:
        while document.head < meta.head:
            last = min(document.head + READ_STEP, meta.head)
            revisions = await read_revisions(redis, keys, document.head + 1, last)
            if not revisions:
                raise HistoryGap(f"revision {document.head + 1} is missing, and all after it")
            for revision in revisions:
                document.replay(revision)
    except HistoryGap as error:
        raise CorruptPad(str(error)) from error
    if document.chain != meta.chain or document.epoch != meta.epoch:
        raise CorruptPad("the revisions do not lead to the head that the pad's meta names")
    return snapshot
