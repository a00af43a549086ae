"""This module stores groups of pads, and the sessions that admit people to a group's pads.

A portal makes both through the HTTP API: a group for each of its teams, and a session for each
visit of a person, whose browser gets the session's id as a cookie. The keys are global, each in its
own slot, so several of them cannot change in one step. The steps are ordered so that a half-done
change can be recognised and does no harm.
"""

import secrets
import string
import time
from collections.abc import Awaitable, Iterable
from typing import Any, NamedTuple, cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import (
    GROUPS,
    author_sessions_key,
    group_key,
    group_sessions_key,
    mapper_key,
    session_key,
)
from padfleet.shared.log.register import RegisteredSession
from padfleet.shared.wire.jsontext import dumps, loads

_ALPHABET = string.ascii_letters + string.digits

_PAD, _MAPPER = "pad:", "mapper:"
"""Prefixes of the names in a group's hash."""

_EVER = ""
"""The name in a hash of sessions that shows that there has been a session. No session has this
id."""

KEPT_S = 86_400
"""How many seconds a session is still listed after its end. Etherpad keeps sessions forever; here
they would fill the memory, with one for each login."""

FOREVER_S = 100 * 365 * 86_400


class GroupSession(NamedTuple):
    group: str
    author: str
    valid_until: int  #: Unix seconds


def group_of(pad_id: str) -> str | None:
    """Returns the group that the pad belongs to, or None if it belongs to none."""
    group, dollar, _ = pad_id.partition("$")
    return group if dollar else None


def _random(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))


async def _hash(redis: Redis, key: str) -> dict[str, str]:
    reply = await cast("Awaitable[dict[bytes, bytes]]", redis.client.hgetall(key))
    return {name.decode(): value.decode() for name, value in reply.items()}


async def _drop(redis: Redis, key: str, *names: str) -> None:
    await redis.client.hdel(key, *names)


async def _put(redis: Redis, key: str, name: str, value: str = "1") -> None:
    await redis.client.hset(key, name, value)


# --- Groups --------------------------------------------------------------------------------------


async def create_group(redis: Redis, group_id: str | None = None) -> str:
    """Makes a group, and returns its id. A `group_id` is given for a group that comes from
    elsewhere."""
    group = group_id or _random("g.")
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
    known = await _hash(redis, group_key(group))
    if not known:
        await create_group(redis, group)
    for pad in found.pads:
        if _PAD + pad not in known:
            await add_pad(redis, group, pad)
    for mapper in found.mappers:
        if _MAPPER + mapper not in known:
            await add_mapper(redis, group, mapper)
    await _bring_sessions(redis, group_sessions_key(group), found.sessions)
    return True


async def _bring_sessions(redis: Redis, key: str, sessions: Iterable[RegisteredSession]) -> None:
    """Stores those of the sessions that are not yet in the list under `key`."""
    listed = await _hash(redis, key)
    for session in sessions:
        if session.session not in listed:
            await _bring_session(redis, session)


async def _bring_session(redis: Redis, session: RegisteredSession) -> GroupSession:
    name, group, author, until = session
    await create_session(redis, group, author, until, name)
    return GroupSession(group, author, until)


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
    return sorted({*await _hash(redis, GROUPS), *there})


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
    names = await _hash(redis, group_key(group))
    return sorted(name.removeprefix(_PAD) for name in names if name.startswith(_PAD))


async def forget_group(redis: Redis, group: str) -> None:
    """Deletes the group and its sessions. Its pads must have been deleted before."""
    for session_id in await sessions_of_group(redis, group) or ():
        await delete_session(redis, session_id)
    names = await _hash(redis, group_key(group))
    for mapper in [name.removeprefix(_MAPPER) for name in names if name.startswith(_MAPPER)]:
        key = mapper_key("group", mapper)
        if await redis.client.get(key) == group.encode():
            await redis.client.delete(key)
    await redis.client.delete(group_sessions_key(group))
    if redis.register is not None:
        await redis.register.drop_group(group)
    await _drop(redis, GROUPS, group)
    await redis.client.delete(group_key(group))


# --- Sessions ------------------------------------------------------------------------------------


async def create_session(
    redis: Redis, group: str, author: str, valid_until: int, session_id: str | None = None
) -> str:
    """Makes a session, and returns its id.

    Arguments:
        valid_until: when the session ends, in Unix seconds.
        session_id: given for a session that comes from elsewhere.
    """
    session = session_id or _random("s.")
    kept = min(max(1, valid_until - int(time.time()) + KEPT_S), FOREVER_S)
    record = dumps([group, author, valid_until])
    await redis.client.set(session_key(session), record, ex=kept)
    for key in (group_sessions_key(group), author_sessions_key(author)):
        await redis.client.hset(key, mapping={session: "1", _EVER: "1"})
    if redis.register is not None and session_id is None:
        await redis.register.keep_session(RegisteredSession(session, group, author, valid_until))
    return session


async def read_session(redis: Redis, session_id: str) -> GroupSession | None:
    record = await redis.auto_pipeline.get(session_key(session_id))
    if record is None and redis.register is not None:
        found = await redis.register.session(session_id)
        return await _bring_session(redis, found) if found is not None else None
    return GroupSession(*loads(record)) if record is not None else None


async def delete_session(redis: Redis, session_id: str) -> None:
    session = await read_session(redis, session_id)
    if session is not None:
        if redis.register is not None:
            await redis.register.drop_session(RegisteredSession(session_id, *session))
        await _drop(redis, group_sessions_key(session.group), session_id)
        await _drop(redis, author_sessions_key(session.author), session_id)
        await redis.client.delete(session_key(session_id))


async def sessions_of_group(redis: Redis, group: str) -> dict[str, GroupSession] | None:
    """Returns the group's listed sessions by id, or None if the group never had one."""
    await _registered(redis, group)
    return await _sessions(redis, group_sessions_key(group))


async def sessions_of_author(redis: Redis, author: str) -> dict[str, GroupSession] | None:
    """Returns the author's listed sessions by id, or None if the author never had one."""
    if redis.register is not None:
        there = await redis.register.sessions_of_author(author)
        await _bring_sessions(redis, author_sessions_key(author), there)
    return await _sessions(redis, author_sessions_key(author))


async def _sessions(redis: Redis, key: str) -> dict[str, GroupSession] | None:
    found: dict[str, GroupSession] = {}
    ended: list[str] = []
    listed = await _hash(redis, key)
    for session_id in listed.keys() - {_EVER}:
        session = await read_session(redis, session_id)
        if session is not None:
            found[session_id] = session
        else:
            ended.append(session_id)
    if ended:
        await _drop(redis, key, *ended)
    return found if listed else None


MOST_IN_COOKIE = 120
"""How many session ids in one cookie are looked up. Portals list the sessions for all groups of a
person, and 117 ids are as many as browsers keep in a cookie (4,096 bytes)."""


async def valid_session(
    redis: Redis, group: str, cookie: str, now: float | None = None
) -> GroupSession | None:
    """Returns the first session in the cookie (comma-separated ids) that admits its owner to the
    pads of this group, or None if no valid one does.

    Arguments:
        now: the present time, in Unix seconds.
    """
    now = time.time() if now is None else now
    for session_id in cookie.strip('"').split(",")[:MOST_IN_COOKIE]:
        session = await read_session(redis, session_id.strip()) if session_id.strip() else None
        if session is not None and session.group == group and now < session.valid_until:
            return session
    return None


def session_info(session: GroupSession) -> dict[str, Any]:
    """Returns the session in the form in which Etherpad's API returns it."""
    return {
        "groupID": session.group,
        "authorID": session.author,
        "validUntil": session.valid_until,
    }
