"""This module removes from an author's records everything that identifies the person. The text
remains, by an author who cannot be named.

The author's id is part of the changesets of their pads, which cannot be changed, because a pad's
chain covers them. But it no longer means anything: no token, session or name in another system
leads to it, it has no name and a neutral colour, and it is removed from chats.
"""

import secrets
from collections.abc import Awaitable
from typing import cast

from padfleet.shared.batches import batches
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import read_heads
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet.inventory import SCAN_COUNT
from padfleet.shared.log.keys import Keyspace, author_key, mapper_key, token_key
from padfleet.shared.log.pad.chat import ChatMessage
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.staging import STAGED_S
from padfleet.shared.log.people import authors, group_sessions, recognition
from padfleet.shared.log.people.visitors import VISITOR
from padfleet.shared.log.register import RegisteredWays

PAGE = 500
"""The number of messages that are read, and rewritten, at a time."""

ATTEMPTS = 10
"""The number of attempts. Each one fails only if a message is added meanwhile."""

STUB: dict[str, str] = {"color": "n0", "erased": "1"}
"""The record of an erased author: the first colour, and a note of the erasure."""

ERASED = "erased"
"""The field of the record that notes the erasure."""


class ChatContended(Exception):
    """Says that messages kept being added while the chat was processed. Try again."""


async def is_known(redis: Redis, author: str) -> bool:
    """Returns whether there is anything to erase: the author is on record, and has not been erased
    before."""
    await authors.read(redis, [author])  # this brings in the record of another system, if any
    reply = redis.client.hmget(author_key(author), ["color", ERASED])
    color, erased = await cast("Awaitable[list[bytes | None]]", reply)
    return color is not None and erased is None


async def forget_ways_to(redis: Redis, author: str) -> tuple[int, int]:
    """Removes everything by which the author would be recognised: tokens, names in other systems,
    sessions. This goes through all tokens. Returns how many tokens and names there were."""
    for session in await group_sessions.sessions_of_author(redis, author) or {}:
        await group_sessions.delete_session(redis, session)
    there = RegisteredWays((), ())
    if redis.register is not None:
        # The other system comes first: otherwise somebody who joins meanwhile would bring them
        # back.
        there = await redis.register.forget_author(author)
    tokens = await _forget(redis, f"{token_key('')}*", author)
    mappers = await _forget(redis, f"{mapper_key('author', '')}*", author)
    # Many of them are in both places.
    tokens |= {token_key(recognition.hash_of(token)) for token in there.tokens}
    mappers |= {mapper_key("author", mapper) for mapper in there.mappers}
    return len(tokens), len(mappers)


async def _forget(redis: Redis, match: str, author: str) -> set[str]:
    """Removes the keys that match and hold this author, and returns them."""
    found: set[str] = set()
    async for page in batches(redis.client.scan_iter(match=match, count=SCAN_COUNT), SCAN_COUNT):
        reading = redis.client.pipeline(transaction=False)
        for key in page:
            _ = reading.get(key)
        values = await reading.execute()
        his = [key for key, value in zip(page, values, strict=True) if value == author.encode()]
        if his:
            await _unlink(redis, his)
            found |= {key.decode() for key in his}
    return found


async def _unlink(redis: Redis, keys: list[bytes]) -> None:
    # They are removed one by one, since each may be in a different slot.
    pipeline = redis.client.pipeline(transaction=False)
    for key in keys:
        _ = pipeline.unlink(key)
    await pipeline.execute()


async def take_name(redis: Redis, author: str) -> None:
    """Removes the name, and sets the first colour."""
    key = author_key(author)
    pipeline = redis.client.pipeline(transaction=False)
    _ = pipeline.hdel(key, "name", VISITOR)
    _ = pipeline.hset(key, "color", STUB["color"])
    _ = pipeline.persist(key)
    await pipeline.execute()


async def settle(redis: Redis, author: str) -> None:
    """Records that everything has been done, so that it is not done again."""
    await redis.client.hset(author_key(author), ERASED, STUB[ERASED])


def without_author(fields: dict[bytes, bytes], author: str) -> dict[bytes, bytes] | None:
    """Returns the fields of a chat message without its author, or None if the message is not this
    author's or cannot be decoded."""
    try:
        message = ChatMessage.from_record(0, fields[b"m"])
    except (KeyError, ValueError, TypeError):
        return None
    if message.author != author:
        return None
    # The name by which the client would repeat the message goes as well: it is a hash that includes
    # the author's id.
    return {b"m": message._replace(author="").to_record(), b"n": secrets.token_hex(8).encode()}


async def take_out_of_chat(redis: Redis, keyspace: Keyspace, pad: str, author: str) -> int:
    """Removes the author from their messages on a pad that is in Redis, and returns how many there
    were. Raises `ChatContended`, `CorruptPad`, or what `UNREACHABLE` lists."""
    keys = keyspace.pad(pad)
    for _ in range(ATTEMPTS):
        # The ordinary way to a pad is not used, because it would bring the pad from the cold store.
        (meta,) = await read_heads(redis, [keys])
        if isinstance(meta, Exception):
            raise CorruptPad(f"{keys.meta}: {meta}")
        if meta.head < 0:
            return 0
        staged = keyspace.staging(keys.partition, secrets.token_hex(8)) + ":chat"
        his = number = 0
        newest = b""
        async for page in PadStore(redis, keys).chat_pages(PAGE):
            pipeline = redis.client.pipeline(transaction=False)
            for name, fields in page:
                nobodys = without_author(fields, author)
                his += nobodys is not None
                _ = pipeline.xadd(staged, nobodys or fields, id=name)  # type: ignore[arg-type]
            _ = pipeline.expire(staged, STAGED_S)
            await pipeline.execute()
            number, newest = number + len(page), page[-1][0]
        if not his:
            await redis.client.unlink(staged)
            return 0
        verdict = await scripts.RECHAT(
            redis.client, [keys.chat, keys.meta, staged], [meta.epoch, number, newest]
        )
        if verdict == b"ok":
            return his
        await redis.client.unlink(staged)
    raise ChatContended(f"people talk on pad {pad!r} without a pause")
