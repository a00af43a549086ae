"""This module replaces a pad's history as a whole. The new one is stored under temporary keys bit
by bit, and then put in place in one step.

    staging = await Staging.begin(redis, keyspace, "pad", head=41)
    await staging.add(revisions)        # until there are all of them
    await staging.install(...)          # or `drop`
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ResponseError

from padfleet.shared import bounds
from padfleet.shared.log.births import new_birth
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, encode_chunk
from padfleet.shared.log.pad.deletion import deletion_field
from padfleet.shared.log.pad.document import CorruptPad, Document, replay
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.moving import note_hot
from padfleet.shared.log.records import Revision, Snapshot
from padfleet.shared.tasks import aside

STAGED_S = 3600
"""The seconds after which an abandoned history expires: a restore that was killed must not fill the
server's memory permanently."""

KEEP_REVISIONS = 2000
"""At least this many of the newest revisions are put into the stream one by one; earlier ones go
into chunks."""

INSTALL_ATTEMPTS = 10
"""The number of attempts. Each one fails only if the same pad is deleted or replaced at the same
instant."""


class PadExists(Exception):
    """Says that there is a pad of that name, and that replacing it was not asked for."""


class WrittenOn(Exception):
    """Says that somebody has written on the pad, deleted it or replaced it meanwhile."""


class ServerMoved(Exception):
    """Says that the server, or what was stored on it, is not what it was at the beginning. Start
    again."""


class InstalledHistory(NamedTuple):
    epoch: int
    replaced: bool


class Staging:
    """A history that is about to replace a pad's. Each revision is applied to the text on the way,
    so an invalid history is noticed before it is put in place."""

    def __init__(
        self, redis: Redis, keyspace: Keyspace, pad_id: str, head: int, reign: str
    ) -> None:
        self.document = Document()
        self._redis = redis
        self._keyspace = keyspace
        self._head = head
        self._reign = reign
        self._keys = keyspace.pad(pad_id)
        base = keyspace.staging(self._keys.partition, secrets.token_hex(8))
        names = ("revs", "chunks", "snap", "chat", "saved")
        self._staged = {name: f"{base}:{name}" for name in names}
        whole_chunks = max(0, head + 1 - KEEP_REVISIONS) // CHUNK_REVISIONS
        self._first = whole_chunks * CHUNK_REVISIONS
        self._chunk: list[Revision] = []
        self._saved: list[bytes] = []

    @classmethod
    async def begin(cls, redis: Redis, keyspace: Keyspace, pad_id: str, *, head: int) -> "Staging":
        meta = await read_meta(redis, keyspace.pad(pad_id))
        return cls(redis, keyspace, pad_id, head, meta.reign)

    async def add(self, revisions: Sequence[Revision]) -> None:
        """Adds the next revisions. Raises `CorruptPad` for one that does not follow, or is out of
        bounds."""
        for revision in revisions:
            self._check(revision)
        await replay(self.document, revisions)
        pipeline = self._redis.client.pipeline(transaction=False)
        for revision in revisions:
            if revision.rev >= self._first:
                entry = {"r": revision.to_record()}
                _ = pipeline.xadd(self._staged["revs"], entry, id=f"{revision.rev}-1")  # type: ignore[arg-type]
                continue
            self._chunk.append(revision)
            if len(self._chunk) == CHUNK_REVISIONS:
                number = self._chunk[0].rev // CHUNK_REVISIONS
                _ = pipeline.hset(self._staged["chunks"], str(number), encode_chunk(self._chunk))
                self._chunk = []
        await self._send(pipeline)

    @staticmethod
    def _check(revision: Revision) -> None:
        # The text of a history cannot be cut: its chain would be different.
        if not 0 <= revision.time <= bounds.LAST_DATE:
            raise CorruptPad(f"revision {revision.rev} has an impossible time")
        if revision.author and not bounds.is_author_id(revision.author):
            raise CorruptPad(f"revision {revision.rev} has an author whose id is invalid")

    async def add_chat(self, messages: Sequence[tuple[str, list[bytes]]]) -> None:
        pipeline = self._redis.client.pipeline(transaction=False)
        for message_id, flat in messages:
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            _ = pipeline.xadd(self._staged["chat"], fields, id=message_id)  # type: ignore[arg-type]
        await self._send(pipeline)

    async def add_saved(self, values: Sequence[bytes]) -> None:
        pipeline = self._redis.client.pipeline(transaction=False)
        # All of them are stored again, so that this may be repeated.
        self._saved += values
        _ = pipeline.delete(self._staged["saved"])
        _ = pipeline.rpush(self._staged["saved"], *self._saved)
        await self._send(pipeline)

    async def install(
        self,
        *,
        above_epoch: int,
        creator: str,
        read_only_id: str | None,
        replace: bool,
        settings: bytes = b"",
        deletion: bytes = b"",
        more: Mapping[str, str | bytes] | None = None,
        only_over: PadMeta | None = None,
        with_chat: bool = False,
    ) -> InstalledHistory:
        """Puts the history in the pad's place, in a new epoch, which is above `above_epoch`, above
        every epoch of the pad in its place, and different from any that is not known here
        (`births`). Everybody with another history is told to reload (I5).

        Arguments:
            settings: the field of the meta hash.
            deletion: the hash of the deletion token, as in the meta hash.
            more: further fields of the meta hash.
            only_over: if given, only the pad that this describes is replaced, and its chat stays.
            with_chat: whether, with `only_over`, the chat is replaced as well.

        Raises `PadExists`, `WrittenOn`, `ServerMoved`, or what `UNREACHABLE` lists. What was stored
        then expires.
        """
        over = "replace" if replace else "new"
        if only_over is not None:
            over = f"chat{only_over.head}" if with_chat else f"{only_over.head}"
        for _ in range(INSTALL_ATTEMPTS):
            before = await read_meta(self._redis, self._keys)
            if only_over is not None and before.epoch != only_over.epoch:
                raise WrittenOn("there is another pad in its place, or none")
            epoch = max(above_epoch + 1, before.epoch + 1, new_birth())
            snapshot, written = await aside(self.document.is_large, self._snapshot, epoch)
            pipeline = self._redis.client.pipeline(transaction=False)
            _ = pipeline.set(self._staged["snap"], written)
            await self._send(pipeline)
            fields: dict[str, scripts.Argument | None] = {
                "chain": snapshot.chain,
                "time": snapshot.time,
                "creator": creator,
                "first": self._first,
                "snap": snapshot.rev,
                "readonly": read_only_id or before.read_only_id,
                "settings": settings or None,
                deletion_field(epoch): deletion or None,
                **(more or {}),
            }
            verdict, *_details = await scripts.REPLACE(
                self._redis.client,
                self._script_keys(),
                [
                    self._reign,
                    self._keys.channel,
                    over,
                    before.epoch,
                    epoch,
                    self._head,
                    self._head + 1 - self._first,
                    self._first // CHUNK_REVISIONS,
                    *_flat(fields),
                ],
            )
            match verdict:
                case b"ok":
                    if self._redis.elsewhere is not None:
                        # The cold store has to learn of the new history.
                        await note_hot(self._redis, self._keyspace, [self._keys.pad_id])
                    return InstalledHistory(epoch, before.exists)
                case b"exists":
                    raise PadExists("the pad exists")
                case b"head":
                    raise WrittenOn("somebody has written on it meanwhile")
                case b"epoch":
                    continue  # deleted or replaced by somebody else, just now
                case _:
                    raise ServerMoved("the server has changed, or has lost data, since this began")
        raise ServerMoved("the pad was replaced or deleted repeatedly meanwhile")

    async def drop(self) -> None:
        await self._redis.client.unlink(*self._staged.values())

    def _snapshot(self, epoch: int) -> tuple[Snapshot, bytes]:
        document = self.document
        pool = [document.pool.get(number) for number in range(len(document.pool))]
        text, attribs = document.atext
        # There are no sessions: they belonged to another epoch, and what they submit is refused
        # because of that.
        snapshot = Snapshot(
            document.head, epoch, text, attribs, pool, document.time, document.chain, {}
        )
        return snapshot, snapshot.to_bytes()

    def _script_keys(self) -> list[str]:
        keys = self._keys
        found = [keys.state, keys.meta, keys.fences, keys.members, keys.seen, keys.seen_before]
        for name, staged in self._staged.items():
            found += [staged, getattr(keys, name)]
        return found

    async def _send(self, pipeline: Any) -> None:
        for key in self._staged.values():
            pipeline.expire(key, STAGED_S)
        for result in await pipeline.execute(raise_on_error=False):
            if isinstance(result, Exception) and not _is_there(result):
                raise result


def _is_there(error: Exception) -> bool:
    """Returns whether an entry was refused because it is already there: redis-py repeats a command
    without an answer, which may have been executed. Nobody else writes to a pad's temporary keys.
    """
    return isinstance(error, ResponseError) and "equal or smaller than" in str(error)


def _flat(fields: Mapping[str, scripts.Argument | None]) -> list[scripts.Argument]:
    """Returns the names and values of the fields that have a value, in turn."""
    return [word for name, value in fields.items() if value is not None for word in (name, value)]
