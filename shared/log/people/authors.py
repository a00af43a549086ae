"""This module stores authors: whom a token belongs to, and the name and colour of each author.

The keys are global, each in its own slot, so that every worker finds the same author for the same
token.

Anybody who comes with a browser's token, or without one, becomes an author immediately. As long as
they have contributed nothing, their record and their token expire some time after their last visit;
otherwise a stranger could fill Redis by coming again and again. `keep` is called wherever an author
contributes. It makes both permanent, and no expiry is set after that.
"""

import asyncio
import secrets
import string
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple, cast

from padfleet.shared import bounds
from padfleet.shared.batches import ASKED_AT_ONCE, slices
from padfleet.shared.bounds import PALETTE_SIZE as PALETTE_SIZE
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad, is_wrong_type, of_right_type, readable
from padfleet.shared.log.keys import author_key, mapper_key, token_key
from padfleet.shared.tasks import all_of

VISITOR = "visitor"
"""The field in the record of an author who has contributed nothing yet. It holds the hash of the
token, and when the author was last seen."""

SYSTEM_AUTHOR = "a.etherpad-system"
"""The author of default text, and of API edits without an author. No session can be this author."""

_ALPHABET = (string.ascii_letters + string.digits).encode()
_UNEVEN = bytes(range(256 - 256 % len(_ALPHABET), 256))
_LETTERS = bytes(_ALPHABET[number % len(_ALPHABET)] for number in range(256))


class Author(NamedTuple):
    id: str
    name: str | None
    color: int | str  #: an index into the palette, or "#rrggbb" if the author has chosen one


class AuthorVisit(NamedTuple):
    """How an author arrived who may not have contributed anything yet."""

    token: str  #: the hash of the author's token; empty if there is none
    keep_ms: int  #: how long the author is kept without a contribution
    told: str = ""
    """The token itself, if another system stores it unhashed. Otherwise the token is not stored
    anywhere."""

    @property
    def seconds(self) -> int:
        return -(-self.keep_ms // 1000)

    def note(self) -> str:
        return " ".join(filter(None, (self.token, self.told, str(int(time.time())))))

    def is_due(self, note: bytes) -> bool:
        """Returns whether it is time to record that the author was seen. Recording it at each join
        would be wasteful."""
        seen = bounds.number_of(note.decode("utf-8", "replace").rpartition(" ")[2]) or 0
        return time.time() - seen > self.keep_ms / 1000 / SEEN_STEPS


BROUGHT = 200
"""How many authors are stored in one round trip."""

SEEN_STEPS = 30
"""A visitor's last visit is recorded as precisely as one part in `SEEN_STEPS` of the time for which
visitors are kept."""


def hash_of(token: str) -> str:
    """Returns what is stored of a token. Only a hash is, so that nobody who reads the database can
    act as the author."""
    return sha256(token.encode()).hexdigest()


def new_author_id() -> str:
    """Returns a new id of ``a.`` and 16 characters, like those that Etherpad makes."""
    # All random bytes are drawn at once, since each draw is a system call. Bytes that do not map
    # evenly to the alphabet are dropped; there are hardly ever too many of these.
    while True:
        even = secrets.token_bytes(32).translate(_LETTERS, _UNEVEN)
        if len(even) >= 16:
            return "a." + even[:16].decode()


def visit_with(redis: Redis, token: str | None, keep_ms: int) -> AuthorVisit | None:
    """Returns how an author with this token arrives. Returns None if authors are kept forever
    anyway, which is so if `keep_ms` is 0."""
    hashed = hash_of(token) if token is not None else ""
    told = token or "" if redis.register is not None else ""
    return AuthorVisit(hashed, keep_ms, told) if keep_ms else None


async def author_and_made(
    redis: Redis, token: str | None, keep_ms: int = 0
) -> tuple[str, Author | None]:
    """Finds or makes the author for a token; without a token, always makes one. Takes one round
    trip, or none.

    Returns the author's id and, if the author is new, what `store` has to record. If that never
    happens, `enrol` makes up for it when the author comes again. Only a hash of the token is
    stored, so that nobody who reads the database can act as its authors.

    Arguments:
        keep_ms: for how long a new token is kept; 0 means forever.
    """
    made = Author(new_author_id(), None, secrets.randbelow(PALETTE_SIZE))
    if token is None:
        return made.id, made
    # Two tabs of a new browser may arrive at the same time; the first one's author counts for both.
    key = token_key(hash_of(token))
    if redis.register is not None:
        known = await known_author(redis, token)
        if known:
            return known, None
        if not keep_ms:
            await redis.register.keep_author(made, token=token)
    winner = await redis.rush.set_once(key, made.id, keep_ms)
    return winner, made if winner == made.id else None


async def known_author(redis: Redis, token: str | None) -> str:
    """Returns the author that this token belongs to, or an empty string if there is none yet."""
    if token is None:
        return ""
    key = token_key(hash_of(token))
    known = cast("bytes | None", await redis.rush.get(key))
    if known is None and redis.register is not None:
        author = await redis.register.author_of_token(token)
        if author is not None:
            await bring(redis, [author])
            return await redis.rush.set_once(key, author.id)
    return known.decode() if known is not None else ""


async def look(redis: Redis, author: str, visit: AuthorVisit | None) -> tuple[Author | None, bool]:
    """Returns the record of an author, and whether it is time to record that the author was
    `seen`."""
    key = author_key(author)
    with suppress(CorruptPad):
        with of_right_type(key):
            *known, note = await redis.rush.hmget(key, ["name", "color", VISITOR])
        with readable(key):
            if known[1] is not None:
                due = visit is not None and note is not None and visit.is_due(note)
                return _author(author, *known), due
    return None, False


async def enrol(redis: Redis, author: str, visit: AuthorVisit | None = None) -> Author:
    """Returns the author, and records the `visit` if there is one. If there is no record yet, one
    is made with a new colour: the id was made elsewhere and is used for the first time."""
    if redis.register is not None:
        await read(redis, [author])  # an author who is known there keeps name and colour
    if visit is not None:
        return await seen(redis, Author(author, None, secrets.randbelow(PALETTE_SIZE)), visit)
    async with redis.few:
        pipeline = redis.client.pipeline(transaction=False)
        _ = pipeline.hsetnx(author_key(author), "color", f"n{secrets.randbelow(PALETTE_SIZE)}")
        _ = pipeline.hmget(author_key(author), ["name", "color"])
        _, (name, color) = await pipeline.execute()
    return _author(author, name, color)


async def seen(
    redis: Redis,
    author: Author,
    visit: AuthorVisit,
    chosen: tuple[str | None, int | str | None] = (None, None),
) -> Author:
    """Records that the author is here, and the name and colour that the author has `chosen`, which
    have been checked already.

    Returns what is recorded afterwards. If there was no record, that is the colour in `author`.
    """
    name, color = chosen
    noted: list[str | int] = [_shade(author.color), visit.note(), visit.seconds]
    choice = [_stored(name) if name else "", _shade(color) if color is not None else ""]
    works: list[Any] = [scripts.VISITOR(redis.rush, [author_key(author.id)], [*noted, *choice])]
    if visit.token:
        works.append(redis.rush.keep_on(token_key(visit.token), visit.seconds))
    (stored_name, stored_color), *_ = await all_of(*works)
    return _author(author.id, stored_name, stored_color)


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
        await settle(redis, dict(zip(some, notes, strict=True)))


async def settle(redis: Redis, notes: Mapping[str, Any]) -> None:
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
                for found in (await read(redis, [author])).values():
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


async def store_choice(
    redis: Redis,
    author: Author,
    chosen: tuple[str | None, int | str | None],
    visit: AuthorVisit | None,
) -> None:
    """Stores a name and colour that an author has chosen. Both have been checked already. They are
    kept for as long as the author's record.

    Raises what `UNREACHABLE` lists.
    """
    if visit is not None:
        await seen(redis, author, visit, chosen)
    else:
        name, color = chosen
        await store(redis, author.id, name=name, color=color)


async def store(
    redis: Redis, author: str, *, name: str | None = None, color: int | str | None = None
) -> None:
    """Stores a name and a colour, which have been checked already. Raises what `UNREACHABLE`
    lists."""
    key, works = author_key(author), []
    if color is not None:
        works.append(redis.rush.hset(key, "color", _shade(color)))
    if name is not None:
        works.append(redis.rush.hset(key, "name", _stored(name)))
    await all_of(*works)


async def author_for(redis: Redis, mapper: str) -> str:
    """Returns the author that has this name in another system, and makes one if there is none."""
    key = mapper_key("author", mapper)
    known = cast("bytes | None", await redis.client.get(key))
    if known is not None:
        return known.decode()
    if redis.register is not None:
        found = await redis.register.author_of_mapper(mapper)
        if found is not None:
            await bring(redis, [found])
            return await redis.rush.set_once(key, found.id)
    author = await _create(redis)
    winner = await redis.rush.set_once(key, author)
    if winner != author:  # two callers at once
        await redis.client.delete(author_key(author))
    elif redis.register is not None:
        await redis.register.keep_author((await read(redis, [author]))[author], mapper=mapper)
    return winner


async def create(redis: Redis, name: str = "") -> str:
    """Makes a new author, and returns the id."""
    author = await _create(redis)
    if name:
        await update(redis, author, name=name)
    if redis.register is not None:
        await redis.register.keep_author((await read(redis, [author]))[author])
    return author


async def _create(redis: Redis) -> str:
    author = new_author_id()
    color = secrets.randbelow(PALETTE_SIZE)
    await redis.rush.hset(author_key(author), "color", f"n{color}")
    return author


async def update(
    redis: Redis,
    author: str,
    *,
    name: str | None = None,
    color: str | None = None,
    for_good: bool = True,
) -> None:
    """Updates the record of an author.

    Arguments:
        name: the new name, which is cut if it is too long; an empty string removes the name.
        color: the new colour; an invalid one has no effect.
        for_good: whether the record becomes permanent.
    """
    await updated(redis, author, name=name, color=color, for_good=for_good)


async def updated(
    redis: Redis,
    author: str,
    *,
    name: str | None = None,
    color: str | None = None,
    for_good: bool = True,
) -> Author | None:
    """Does what `update` does. Returns what is recorded afterwards, or None for an author that does
    not exist."""
    pipeline = redis.client.pipeline(transaction=False)
    if name:
        _ = pipeline.hset(author_key(author), "name", _stored(name))
    elif name is not None:
        _ = pipeline.hdel(author_key(author), "name")
    if bounds.is_color(color):
        _ = pipeline.hset(author_key(author), "color", f"c{color}")
    _ = pipeline.hmget(author_key(author), ["name", "color", VISITOR])
    *_, (stored_name, stored_color, note) = await pipeline.execute()
    if for_good:
        await settle(redis, {author: note})
    if stored_color is None:
        return None
    found = _author(author, stored_name, stored_color)
    if for_good and redis.register is not None:
        await redis.register.change_author(found)
    return found


async def read(redis: Redis, authors: Iterable[str]) -> dict[str, Author]:
    """Returns those of the authors that exist, in one round trip for some hundreds. An author whose
    key holds something else is treated as unknown, because that must not keep people from the pads
    that the author has been on.

    All code that looks up authors calls this function, so that authors known only to another system
    are found as well.
    """
    wanted = list(authors)
    found = await _read(redis, wanted)
    missing = [author for author in wanted if author not in found]
    if missing and redis.register is not None:
        there = await redis.register.authors(missing)
        for part in slices(there, BROUGHT):
            await bring(redis, part)
        found |= await _read(redis, [author.id for author in there])
    return found


async def _read(redis: Redis, wanted: Sequence[str]) -> dict[str, Author]:
    found: dict[str, Author] = {}
    for some in slices(wanted, ASKED_AT_ONCE):
        found |= await _read_some(redis, some)
    return found


async def _read_some(redis: Redis, wanted: Sequence[str]) -> dict[str, Author]:
    replies: list[Any] = await asyncio.gather(
        *(redis.rush.hmget(author_key(author), ["name", "color"]) for author in wanted),
        return_exceptions=True,
    )
    found = {}
    for author, reply in zip(wanted, replies, strict=True):
        if isinstance(reply, BaseException) and not is_wrong_type(reply):
            raise reply
        with suppress(CorruptPad), readable(author_key(author)):
            if not isinstance(reply, BaseException) and reply[1] is not None:
                found[author] = _author(author, *reply)
    return found


async def bring(redis: Redis, brought: Sequence[Author]) -> list[str]:
    """Stores authors from elsewhere permanently, unless they are known here. A known author may
    have changed name or colour since, and keeps them.

    This takes one round trip, or three if some of them are known only as visitors and have to be
    made permanent. Each author is stored in one atomic step, so that nobody who joins meanwhile
    loses the name or colour that they have chosen.

    Arguments:
        brought: the authors, a few hundred at a time.

    Returns the ids of those that were stored. Raises what `UNREACHABLE` lists. Some may have been
    stored then, and it does no harm to try all of them again.
    """
    replies = await all_of(
        *(
            scripts.AUTHOR(redis.rush, [author_key(author.id)], author_items(author))
            for author in brought
        )
    )
    pairs = list(zip(brought, replies, strict=True))
    await settle(
        redis, {author.id: note[0] for author, (new, *note) in pairs if not new and note[0]}
    )
    return [author.id for author, (new, *_) in pairs if new]


def author_items(author: Author) -> list[bytes]:
    """Returns what is stored of an author: names and values in turn, as HSET takes them. Values
    that are out of bounds are cut or replaced."""
    color = bounds.color_of(author.color, author.id)
    items = [b"color", _shade(color).encode()]
    if author.name:
        items += [b"name", _stored(author.name)]
    return items


def stored_author(author: str, items: Sequence[bytes]) -> Author | None:
    """Returns the author from items such as `author_items` returns, even if other software has made
    them. Returns None if they are not those of an author."""
    stored = dict(zip(items[::2], items[1::2], strict=False))
    if not bounds.is_author_id(author) or b"color" not in stored:
        return None
    return _author(author, stored.get(b"name"), stored[b"color"])


def _shade(color: int | str) -> str:
    return f"n{color}" if isinstance(color, int) else f"c{color}"


def _stored(name: str) -> bytes:
    return name[: bounds.MOST_NAME].encode("utf-8", "surrogatepass")


def _author(author: str, name: bytes | None, color: bytes) -> Author:
    # A number and the text "7" are different things to a client, so the first letter says which of
    # them it is.
    shade = color.decode("utf-8", "replace")
    known = bounds.number_of(shade[1:]) if shade.startswith("n") else shade[1:]
    return Author(
        author,
        bounds.name_of(name.decode("utf-8", "surrogatepass")) if name else None,
        bounds.color_of(known, author),
    )
