"""Who is on a pad, and which processes are alive."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.log import scripts
from shared.log.connect import Redis
from shared.log.keys import PadKeys
from shared.log.records import (
    Joined,
    Left,
    Member,
    UserInfo,
    encode_user_info,
    pack,
    unpack,
)


class Admission(NamedTuple):
    """What a session learns when it joins."""

    order: int
    epoch: int
    seen_epoch: int | None  #: the history that this author was last on; None: never here


async def join(
    redis: Redis, keys: PadKeys, member: Member, *, order: int | None = None
) -> Admission:
    """Enters a session, and tells all workers. With `order`, one that was here already."""
    reply = await scripts.JOIN(
        redis.rush,
        [keys.members, keys.meta, keys.seen],
        [
            keys.channel,
            member.session,
            pack(member),
            member.author,
            "" if order is None else order,
        ],
    )
    got_order, epoch, seen = reply
    return Admission(int(got_order), int(epoch), int(seen) if seen else None)


def _decode(value: bytes) -> Joined:
    order, _, record = value.partition(b" ")
    return Joined(int(order), Member(*unpack(record)))


async def members(redis: Redis, keys: PadKeys) -> list[Joined]:
    values: list[bytes] = await redis.client.hvals(keys.members)  # type: ignore[assignment]
    return [_decode(value) for value in values]


async def leave(redis: Redis, keys: PadKeys, sessions: Sequence[Left]) -> None:
    """Takes sessions out, and tells all workers of those that were still in."""
    args: list[str | bytes] = [keys.channel]
    for left in sessions:
        args += [left.session, pack(left)]
    await scripts.LEAVE(redis.rush, [keys.members], args)


async def tell_user_info(redis: Redis, keys: PadKeys, info: UserInfo) -> None:
    await redis.client.execute_command("SPUBLISH", keys.channel, encode_user_info(info))


class Census(NamedTuple):
    alive: set[str]
    silence_ms: int  #: since this process' own last beat; -1: this is the first


async def beat(redis: Redis, key: str, process: str, timeout_ms: int) -> Census:
    """Says that `process` is alive, and tells which others are."""
    since, *alive = await scripts.HEARTBEAT(redis.client, [key], [process, timeout_ms])
    return Census({name.decode() for name in alive}, int(since))


async def retire(redis: Redis, key: str, process: str) -> None:
    """Takes a process that ends out of the count, so that nobody waits for its time-out."""
    await redis.client.zrem(key, process)
