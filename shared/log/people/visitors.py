"""This module stores who has visited pads without contributing anything yet, for as long as such
people are kept.

Anybody who comes with a browser's token, or without one, becomes an author immediately. As long as
they have contributed nothing, their record and their token expire some time after their last visit;
otherwise a stranger could fill Redis by coming again and again. `keep` is called wherever an author
contributes. It makes both permanent, and no expiry is set after that.
"""

import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from padfleet.shared import bounds
from padfleet.shared.batches import ASKED_AT_ONCE, slices
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, is_wrong_type, of_right_type, readable
from padfleet.shared.log.keys import author_key, token_key
from padfleet.shared.log.people.author_records import (
    SYSTEM_AUTHOR,
    Author,
    author_of,
    encoded_name,
    shade,
)

VISITOR = "visitor"
"""The field in the record of an author who has contributed nothing yet. It holds the hash of the
token, and when the author was last seen."""

SEEN_STEPS = 30
"""A visitor's last visit is recorded as precisely as one part in `SEEN_STEPS` of the time for which
visitors are kept."""


class AuthorVisit(NamedTuple):
    """How an author arrived who may not have contributed anything yet."""

    token: str  #: the hash of the author's token; empty if there is none
    keep_ms: int  #: how long the author is kept without a contribution
    plain_token: str = ""
    """The token itself, if another system stores it unhashed. Otherwise the token is not stored
    anywhere."""

    @property
    def seconds(self) -> int:
        return -(-self.keep_ms // 1000)

    def note(self) -> str:
        return " ".join(filter(None, (self.token, self.plain_token, str(int(time.time())))))

    def is_due(self, note: bytes) -> bool:
        """Returns whether it is time to record that the author was seen. Recording it at each join
        would be wasteful."""
        seen = bounds.number_of(note.decode("utf-8", "replace").rpartition(" ")[2]) or 0
        return time.time() - seen > self.keep_ms / 1000 / SEEN_STEPS


async def record_of(
    redis: Redis, author: str, visit: AuthorVisit | None
) -> tuple[Author | None, bool]:
    """Returns the record of an author, and whether a visit is due to be noted."""
    key = author_key(author)
    with suppress(CorruptPad):
        with of_right_type(key):
            *known, note = await redis.auto_pipeline.hmget(key, ["name", "color", VISITOR])
        with readable(key):
            if known[1] is not None:
                due = visit is not None and note is not None and visit.is_due(note)
                return author_of(author, *known), due
    return None, False


class NotedVisit:
    """Records that an author is here. It is sent at once; awaiting it returns what is recorded
    afterwards. If there was no record, that is the colour in `author`."""

    __slots__ = ("_author", "_kept", "_noted")

    def __init__(
        self,
        redis: Redis,
        author: Author,
        visit: AuthorVisit,
        chosen: tuple[str | None, int | str | None] = (None, None),
    ) -> None:
        """Sends it, with the name and colour that the author has `chosen`, which have been checked
        already."""
        name, color = chosen
        noted: list[str | int] = [shade(author.color), visit.note(), visit.seconds]
        choice = [encoded_name(name) if name else "", shade(color) if color is not None else ""]
        shared = redis.auto_pipeline
        self._author = author.id
        self._noted = scripts.VISITOR.ask(shared, [author_key(author.id)], [*noted, *choice])
        token = visit.token
        self._kept = shared.keep_on(token_key(token), visit.seconds) if token else None

    def __await__(self) -> Generator[Any, None, Author]:
        name, color = yield from self._noted.__await__()
        if self._kept is not None:
            yield from self._kept.__await__()
        return author_of(self._author, name, color)


async def keep(redis: Redis, authors: Iterable[str]) -> None:
    """Makes the records of these authors permanent, because they have contributed something.
    Authors without a record are ignored. This takes one round trip for some hundreds of authors
    whose records are permanent already.

    Raises what `UNREACHABLE` lists.
    """
    wanted = [author for author in authors if author and author != SYSTEM_AUTHOR]
    for some in slices(wanted, ASKED_AT_ONCE):
        pipeline = redis.client.pipeline(transaction=False)
        for author in some:
            _ = pipeline.hget(author_key(author), VISITOR)
        notes = await pipeline.execute(raise_on_error=False)
        await keep_noted(redis, dict(zip(some, notes, strict=True)))


async def keep_noted(redis: Redis, notes: Mapping[str, Any]) -> None:
    """Does the second half of `keep`, after the notes about the authors' visits have been read. A
    note may be an exception."""
    visitors = {}
    for author, note in notes.items():
        if isinstance(note, Exception) and not is_wrong_type(note):
            raise note
        if isinstance(note, bytes):
            words = note.decode("utf-8", "replace").split(" ")
            visitors[author] = words[0]
            if len(words) == 3 and redis.register is not None:
                found, _ = await record_of(redis, author, None)
                if found is not None:
                    await redis.register.keep_author(found, token=words[1])
    if not visitors:
        return
    # The token comes first: an interrupted attempt can be repeated as long as the note exists.
    tokens = redis.client.pipeline(transaction=False)
    for token in filter(None, visitors.values()):
        _ = tokens.persist(token_key(token))
    await tokens.execute()
    records = redis.client.pipeline(transaction=False)
    for author in visitors:
        _ = records.persist(author_key(author))
        _ = records.hdel(author_key(author), VISITOR)
    await records.execute()
