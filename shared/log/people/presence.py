"""This module stores who is on a pad, and which processes are alive."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from padfleet.shared.log import reigns
from padfleet.shared.log.channel_messages import (
    Joined,
    Left,
    Member,
    UserInfo,
    encode_user_info,
)
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import of_right_type, readable
from padfleet.shared.log.entries import Fence, fence_around_order
from padfleet.shared.log.keys import WORKERS, PadKeys
from padfleet.shared.log.records import pack, unpack


class Admission(NamedTuple):
    """What a session is told when it joins."""

    order: int
    epoch: int
    seen_epoch: int | None  #: the history that the session was on; None if it was never here
    reign: str
    shared_up_to: int | None
    """The last revision that the session's history has in common with the pad's present history, if
    the session was here before. None means that they have all of it in common."""
    is_news: bool  #: whether the stay is not recorded yet, because it may not be allowed
    fence_id: str = ""  #: the fence's inbox ID; empty if there is none


async def join(
    redis: Redis,
    keys: PadKeys,
    member: Member,
    *,
    order: int | None = None,
    resumes: bool = False,
    stay: tuple[int, str] | None = None,
    fence: tuple[Fence, str] | None = None,
) -> Admission:
    """Adds a session to the members of a pad, and tells all workers.

    The author's presence is recorded, unless the author `resumes`: then it has to be found out
    first whether that is allowed, which depends on what is recorded.

    Arguments:
        order: the session's order, if it was here before.
        resumes: whether the session goes on where an earlier one of its author ended.
        stay: the epoch and reign of the history that the session itself is on. Without it, the
            session is assumed to be on the history that its author was on last.
        fence: a fence and the key of its inbox. The fence is put there in the same step, with the
            order that the session gets.
    """
    wanted = [keys.members, keys.meta, keys.seen, keys.seen_before, keys.state]
    around: tuple[bytes, ...] = ()
    if fence is not None:
        around = fence_around_order(fence[0])
        wanted.append(fence[1])
    reply = await scripts.JOIN(
        redis.auto_pipeline,
        wanted,
        [
            keys.channel,
            member.session,
            pack(member),
            member.author,
            "" if order is None else order,
            "" if resumes else "new",
            *around,
        ],
    )
    got_order, epoch, seen, reign, record, fence_id = reply
    await redis.heard_under(keys.partition, reign.decode())
    is_news = resumes and seen != b"%b %b" % (epoch, reign)
    if stay is None and seen:
        seen_epoch, _, seen_reign = seen.decode().partition(" ")
        stay = int(seen_epoch), seen_reign
    return Admission(
        int(got_order),
        int(epoch),
        stay[0] if stay else None,
        reign.decode(),
        reigns.shared_up_to(reigns.parse(record.decode()), stay[1]) if stay else None,
        is_news,
        fence_id.decode(),
    )


async def vouch(
    redis: Redis, keys: PadKeys, authors: Sequence[str], *, epoch: int, reign: str
) -> bool:
    """Records that these authors' sessions share the pad's history under this reign. Returns False,
    and records nothing, if the epoch or reign has changed."""
    args: list[scripts.Argument] = [reign, epoch, *authors]
    wanted = [keys.meta, keys.seen, keys.seen_before, keys.state]
    reply = await scripts.VOUCH(redis.auto_pipeline, wanted, args)
    return bool(reply == 1)


def _decode(value: bytes) -> Joined:
    order, _, record = value.partition(b" ")
    return Joined(int(order), Member(*unpack(record)))


async def members(redis: Redis, keys: PadKeys) -> list[Joined]:
    """Returns the members. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
    with of_right_type(keys.members):
        values: list[bytes] = await redis.client.hvals(keys.members)  # type: ignore[assignment]
    with readable(keys.members):
        return [_decode(value) for value in values]


async def leave(redis: Redis, keys: PadKeys, sessions: Sequence[Left]) -> None:
    """Removes sessions from the members, and tells all workers about those that were still
    members."""
    args: list[str | bytes] = [keys.channel]
    for left in sessions:
        args += [left.session, pack(left)]
    await scripts.LEAVE(redis.auto_pipeline, [keys.members], args)


async def bury(redis: Redis, keys: PadKeys) -> int:
    """Removes members whose workers died long ago. Other workers do this only on pads that they
    have open, so it is missing on a pad where nobody else is. Returns how many members were
    removed.

    Raises what `members` raises.
    """
    joined = await members(redis, keys)
    if not joined:
        return 0
    # The workers are read after the members, because a worker is known before its first session
    # joins.
    known = await redis.client.zrangebyscore(WORKERS, "-inf", "+inf")
    workers = {name.decode() for name in cast("Sequence[bytes]", known)}
    dead = [
        Left(member.session, member.author, member.color)
        for _, member in joined
        if member.worker not in workers
    ]
    if dead:
        await leave(redis, keys, dead)
    return len(dead)


async def tell_user_info(redis: Redis, keys: PadKeys, info: UserInfo) -> None:
    await redis.client.execute_command("SPUBLISH", keys.channel, encode_user_info(info))


class MemberCount(NamedTuple):
    alive: set[str]
    silence_ms: int  #: since this process's last beat; -1 if this is the first


async def beat(redis: Redis, key: str, process: str, timeout_ms: int) -> MemberCount:
    """Records that `process` is alive, and returns which processes are.

    Arguments:
        timeout_ms: how long after its last beat a process counts as alive.
    """
    since, *alive = await scripts.HEARTBEAT(redis.hot, [key], [process, timeout_ms])
    return MemberCount({name.decode() for name in alive}, int(since))


async def retire(redis: Redis, key: str, process: str) -> None:
    """Removes a process that is ending, so that others need not wait for its beats to time out."""
    await redis.client.zrem(key, process)
