"""This module stores which pads an author has written on. This is an index, which can always be
rebuilt from the pads."""

from collections.abc import Awaitable, Collection, Iterable
from itertools import compress
from typing import cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.several import of_each
from padfleet.shared.log.keys import Keyspace, author_pads_key
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.people.visitors import keep


async def note(
    redis: Redis, authors: Iterable[str], pad_id: str, epoch: int, *, kept: Collection[str] = ()
) -> None:
    """Adds the pad to these authors' lists and makes their records permanent.

    Arguments:
        kept: authors whose records are known to be permanent already.

    Raises what `UNREACHABLE` lists.
    """
    wanted = [author for author in authors if author != SYSTEM_AUTHOR]
    _ = await of_each(
        redis,
        wanted,
        lambda pipeline, author: pipeline.hset(author_pads_key(author), pad_id, str(epoch)),
    )
    await keep(redis, [author for author in wanted if author not in kept])


async def forget(redis: Redis, authors: Iterable[str], pad_id: str) -> None:
    """Removes the pad, which no longer exists here, from these authors' lists. The authors' records
    stay. Raises what `UNREACHABLE` lists."""
    _ = await of_each(
        redis,
        list(authors),
        lambda pipeline, author: pipeline.hdel(author_pads_key(author), pad_id),
    )


async def pads_of(redis: Redis, keyspace: Keyspace, author: str) -> list[str]:
    """Returns the author's pads, hot or cold, in alphabetical order. Entries for pads that no
    longer exist are removed from the index."""
    reply = redis.client.hgetall(author_pads_key(author))
    known = await cast("Awaitable[dict[bytes, bytes]]", reply)
    names = dict.fromkeys(name.decode() for name in known)
    if redis.elsewhere is not None:
        names |= dict.fromkeys(await redis.elsewhere.pads_of_author(author))
    found: list[str] = []
    gone: list[str] = []
    away: list[str] = []
    heads = await of_each(
        redis,
        list(names),
        lambda pipeline, name: pipeline.hmget(keyspace.pad(name).meta, ["head", "epoch"]),
    )
    for name, (head, epoch) in zip(names, heads, strict=True):
        noted = known.get(name.encode())
        if head is None and redis.elsewhere is not None:
            away.append(name)
        elif int(head or -1) >= 0 and noted in (None, epoch or b"0"):
            found.append(name)
        elif noted is not None:
            gone.append(name)
    if redis.elsewhere is not None:
        found += compress(away, await redis.elsewhere.are_there(away))
    if gone:
        await redis.client.hdel(author_pads_key(author), *gone)
    return sorted(found)
