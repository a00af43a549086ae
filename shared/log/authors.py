"""Authors: who stands behind a token, their name and colour.

Global keys, one slot each, so every worker finds the same author for the same token.
"""

import asyncio
import secrets
import string
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, NamedTuple, cast

from shared import bounds
from shared.bounds import PALETTE_SIZE as PALETTE_SIZE
from shared.log.connect import Redis
from shared.log.damage import CorruptPad, is_wrong_type, readable
from shared.log.keys import author_key, mapper_key, token_key
from shared.tasks import all_of

SYSTEM_AUTHOR = "a.etherpad-system"
"""The author of default text and of API edits without one. No session writes as it."""

_ALPHABET = (string.ascii_letters + string.digits).encode()
_UNEVEN = bytes(range(256 - 256 % len(_ALPHABET), 256))
_LETTERS = bytes(_ALPHABET[number % len(_ALPHABET)] for number in range(256))


class Author(NamedTuple):
    id: str
    name: str | None
    color: int | str  #: number in the palette, or "#rrggbb" once chosen


def new_author_id() -> str:
    """``a.`` and 16 characters, as Etherpad makes them."""
    # At once: each question to the system's generator is a system call. Bytes that do not map
    # evenly to the alphabet are left out, and hardly ever are that too many.
    while True:
        even = secrets.token_bytes(32).translate(_LETTERS, _UNEVEN)
        if len(even) >= 16:
            return "a." + even[:16].decode()


async def author_of_token(redis: Redis, token: str | None) -> str:
    """The author that this token stands for, made and put on record if it is new."""
    author, made = await author_and_made(redis, token)
    if made is not None:
        await store(redis, author, color=made.color)
    return author


async def author_and_made(redis: Redis, token: str | None) -> tuple[str, Author | None]:
    """The author that this token stands for; with what is to be put on record of it (`store`), if
    it was made just now. Without a token: a new author. One round trip, or none.

    Should the record not be made, it is made up for when the author comes again (`enrol`). Only a
    hash of the token is stored: whoever reads the database cannot act as its authors.
    """
    made = Author(new_author_id(), None, secrets.randbelow(PALETTE_SIZE))
    if token is None:
        return made.id, made
    # Two tabs of a new browser may come at once; the first one's author is the author.
    key = token_key(sha256(token.encode()).hexdigest())
    winner = await redis.rush.set_once(key, made.id)
    return winner, made if winner == made.id else None


async def known_author(redis: Redis, token: str | None) -> str:
    """The author that this token stands for; empty, if it stands for none yet."""
    if token is None:
        return ""
    known = await redis.rush.get(token_key(sha256(token.encode()).hexdigest()))
    return cast("bytes", known).decode() if known is not None else ""


async def enrol(redis: Redis, author: str) -> Author:
    """An author who is there, with the colour of a new one if not there before: somebody else has
    made the id, and it comes for the first time."""
    async with redis.few:
        pipeline = redis.client.pipeline(transaction=False)
        _ = pipeline.hsetnx(author_key(author), "color", f"n{secrets.randbelow(PALETTE_SIZE)}")
        _ = pipeline.hmget(author_key(author), ["name", "color"])
        _, (name, color) = await pipeline.execute()
    return _author(author, name, color)


async def store(
    redis: Redis, author: str, *, name: str | None = None, color: int | str | None = None
) -> None:
    """Puts on record what is given, within bounds already. Raises what `UNREACHABLE` lists."""
    key, works = author_key(author), []
    if color is not None:
        shade = f"n{color}" if isinstance(color, int) else f"c{color}"
        works.append(redis.rush.hset(key, "color", shade))
    if name is not None:
        works.append(redis.rush.hset(key, "name", _stored(name)))
    await all_of(*works)


async def author_for(redis: Redis, mapper: str) -> str:
    """The author that stands for this name of another system, made if there is none."""
    key = mapper_key("author", mapper)
    known = cast("bytes | None", await redis.client.get(key))
    if known is not None:
        return known.decode()
    author = await _create(redis)
    winner = await redis.rush.set_once(key, author)
    if winner != author:  # two callers at once
        await redis.client.delete(author_key(author))
    return winner


async def create(redis: Redis, name: str = "") -> str:
    """A new author."""
    author = await _create(redis)
    if name:
        await update(redis, author, name=name)
    return author


async def _create(redis: Redis) -> str:
    author = new_author_id()
    color = secrets.randbelow(PALETTE_SIZE)
    await redis.rush.hset(author_key(author), "color", f"n{color}")
    return author


async def update(
    redis: Redis, author: str, *, name: str | None = None, color: str | None = None
) -> None:
    """Stores what is given. An empty name takes the name away, a long one is cut; what is no
    colour leaves the one that was there."""
    await updated(redis, author, name=name, color=color)


async def updated(
    redis: Redis, author: str, *, name: str | None = None, color: str | None = None
) -> Author | None:
    """Likewise; returns what is on record then, None for an author that is not."""
    pipeline = redis.client.pipeline(transaction=False)
    if name:
        _ = pipeline.hset(author_key(author), "name", _stored(name))
    elif name is not None:
        _ = pipeline.hdel(author_key(author), "name")
    if bounds.is_color(color):
        _ = pipeline.hset(author_key(author), "color", f"c{color}")
    _ = pipeline.hmget(author_key(author), ["name", "color"])
    *_, (stored_name, stored_color) = await pipeline.execute()
    return None if stored_color is None else _author(author, stored_name, stored_color)


async def read(redis: Redis, authors: Iterable[str]) -> dict[str, Author]:
    """Those of the authors that exist, in one round trip. One whose key holds something else is as
    good as unknown: it must not keep people from the pads that it has been on."""
    wanted = list(authors)
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


def author_items(author: Author) -> list[bytes]:
    """What is stored of an author: names and values in turn, as HSET takes them. What is out of
    bounds is cut, or replaced."""
    color = bounds.color_of(author.color, author.id)
    items = [b"color", (f"n{color}" if isinstance(color, int) else f"c{color}").encode()]
    if author.name:
        items += [b"name", _stored(author.name)]
    return items


def stored_author(author: str, items: Sequence[bytes]) -> Author | None:
    """From what `author_items` makes, also if somebody else has made it; None for what is none."""
    stored = dict(zip(items[::2], items[1::2], strict=False))
    if not bounds.is_author_id(author) or b"color" not in stored:
        return None
    return _author(author, stored.get(b"name"), stored[b"color"])


def _stored(name: str) -> bytes:
    return name[: bounds.MOST_NAME].encode("utf-8", "surrogatepass")


def _author(author: str, name: bytes | None, color: bytes) -> Author:
    # A number and the text "7" are different things to a client, so the first letter tells which.
    shade = color.decode("utf-8", "replace")
    known = bounds.number_of(shade[1:]) if shade.startswith("n") else shade[1:]
    return Author(
        author,
        bounds.name_of(name.decode("utf-8", "surrogatepass")) if name else None,
        bounds.color_of(known, author),
    )
