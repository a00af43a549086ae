"""This module stores groups of pads, one for each team of a portal, which makes them through the
HTTP API. `group_sessions` has the sessions that admit people to their pads.

The keys are global, each in its own slot, so several of them cannot change in one step. The steps
are ordered so that a half-done change can be recognised and does no harm.
"""

import time
from typing import cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import GROUPS, group_key, group_sessions_key, mapper_key
from padfleet.shared.log.people.group_sessions import (
    GroupSession,
    bring_sessions,
    delete_session,
    fields_of,
    listed_sessions,
    new_id,
)

_PAD, _MAPPER = "pad:", "mapper:"
"""Prefixes of the names in a group's hash."""


def group_of(pad_id: str) -> str | None:
    """Returns the group that the pad belongs to, or None if it belongs to none."""
    group, dollar, _ = pad_id.partition("$")
    return group if dollar else None


async def _drop(redis: Redis, key: str, *names: str) -> None:
    await redis.client.hdel(key, *names)


async def _put(redis: Redis, key: str, name: str, value: str = "1") -> None:
    await redis.client.hset(key, name, value)


async def create_group(redis: Redis, group_id: str | None = None) -> str:
    """Makes a group, and returns its id. A `group_id` is given for a group that comes from
    elsewhere."""
    group = group_id or new_id("g.")
    # A group exists once its hash does, so this is never empty.
    await _put(redis, group_key(group), "made", str(int(time.time())))
    await _put(redis, GROUPS, group)
    if redis.register is not None and group_id is None:
        await redis.register.keep_group(group)
    return group


async def _registered(redis: Redis, group: str) -> bool:
    """Returns whether another system has the group, which is then stored here as well. Only what is
    missing here is stored, because a portal makes a session for each visit and asks for them again
    and again."""
    found = await redis.register.group(group) if redis.register is not None else None
    if found is None:
        return False
    known = await fields_of(redis, group_key(group))
    if not known:
        await create_group(redis, group)
    for pad in found.pads:
        if _PAD + pad not in known:
            await add_pad(redis, group, pad)
    for mapper in found.mappers:
        if _MAPPER + mapper not in known:
            await add_mapper(redis, group, mapper)
    await bring_sessions(redis, group_sessions_key(group), found.sessions)
    return True


async def group_for(redis: Redis, mapper: str) -> str:
    """Returns the group that has this name in another system, and makes one if there is none."""
    key = mapper_key("group", mapper)
    known = cast("bytes | None", await redis.client.get(key))
    if known is not None and await group_exists(redis, known.decode()):
        return known.decode()
    if known is None and redis.register is not None:
        there = await redis.register.group_of_mapper(mapper)
        if there is not None and await group_exists(redis, there):
            await redis.client.set(key, there, nx=True)
            return cast("bytes", await redis.client.get(key)).decode()
    group = await create_group(redis)
    await add_mapper(redis, group, mapper)
    if redis.register is not None:
        await redis.register.keep_group(group, mapper=mapper)
    if known is None:
        await redis.client.set(key, group, nx=True)
        # The reply of SET is not used: after a lost answer and a retry, it would say that another
        # caller was first.
        winner = cast("bytes", await redis.client.get(key)).decode()
        if winner != group:  # two callers at once
            await forget_group(redis, group)
        return winner
    await redis.client.set(key, group)
    return group


async def group_exists(redis: Redis, group: str) -> bool:
    if await redis.client.exists(group_key(group)):
        return True
    return await _registered(redis, group)


async def all_groups(redis: Redis) -> list[str]:
    there = await redis.register.groups() if redis.register is not None else []
    return sorted({*await fields_of(redis, GROUPS), *there})


async def add_pad(redis: Redis, group: str, pad_id: str) -> None:
    await _put(redis, group_key(group), _PAD + pad_id)


async def add_mapper(redis: Redis, group: str, mapper: str) -> None:
    """Records that the group has this name in another system, so that the name is deleted together
    with the group."""
    await _put(redis, group_key(group), _MAPPER + mapper)


async def adopt(redis: Redis, pad_id: str) -> None:
    """Makes the group of a pad that comes from elsewhere exist, and adds the pad to it. Does
    nothing for a pad without a group."""
    group = group_of(pad_id)
    if group is not None:
        # `group_exists` also brings everything that another system has about the group. Otherwise
        # the group made here would look complete.
        if redis.register is None or not await group_exists(redis, group):
            await create_group(redis, group)
        await add_pad(redis, group, pad_id)


async def remove_pad(redis: Redis, group: str, pad_id: str) -> None:
    await _drop(redis, group_key(group), _PAD + pad_id)


async def pads_of_group(redis: Redis, group: str) -> list[str]:
    await _registered(redis, group)
    names = await fields_of(redis, group_key(group))
    return sorted(name.removeprefix(_PAD) for name in names if name.startswith(_PAD))


async def forget_group(redis: Redis, group: str) -> None:
    """Deletes the group and its sessions. Its pads must have been deleted before."""
    for session_id in await sessions_of_group(redis, group) or ():
        await delete_session(redis, session_id)
    names = await fields_of(redis, group_key(group))
    for mapper in [name.removeprefix(_MAPPER) for name in names if name.startswith(_MAPPER)]:
        key = mapper_key("group", mapper)
        if await redis.client.get(key) == group.encode():
            await redis.client.delete(key)
    await redis.client.delete(group_sessions_key(group))
    if redis.register is not None:
        await redis.register.drop_group(group)
    await _drop(redis, GROUPS, group)
    await redis.client.delete(group_key(group))


async def sessions_of_group(redis: Redis, group: str) -> dict[str, GroupSession] | None:
    """Returns the group's listed sessions by id, or None if the group never had one."""
    await _registered(redis, group)
    return await listed_sessions(redis, group_sessions_key(group))
