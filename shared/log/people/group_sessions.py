"""This module stores the sessions that admit people to a group's pads.

A portal makes one through the HTTP API for each visit of a person, whose browser gets the session's
id as a cookie. A session is listed with its group and with its author; these keys are each in a
slot of their own, so they cannot change in one step. The steps are ordered so that a half-done
change can be recognised and does no harm.
"""

import secrets
import string
import time
from collections.abc import Awaitable, Iterable
from typing import Any, NamedTuple, cast

from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import author_sessions_key, group_sessions_key, session_key
from padfleet.shared.log.register import RegisteredSession
from padfleet.shared.wire.jsontext import dumps, loads

_ALPHABET = string.ascii_letters + string.digits

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


def new_id(prefix: str) -> str:
    """Returns a new id of a group or session, like those that Etherpad makes."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))


async def fields_of(redis: Redis, key: str) -> dict[str, str]:
    """Returns a hash whose names and values are texts."""
    reply = await cast("Awaitable[dict[bytes, bytes]]", redis.client.hgetall(key))
    return {name.decode(): value.decode() for name, value in reply.items()}


async def create_session(
    redis: Redis, group: str, author: str, valid_until: int, session_id: str | None = None
) -> str:
    """Makes a session, and returns its id.

    Arguments:
        valid_until: when the session ends, in Unix seconds.
        session_id: given for a session that comes from elsewhere.
    """
    session = session_id or new_id("s.")
    kept = min(max(1, valid_until - int(time.time()) + KEPT_S), FOREVER_S)
    record = dumps([group, author, valid_until])
    await redis.client.set(session_key(session), record, ex=kept)
    for key in (group_sessions_key(group), author_sessions_key(author)):
        await redis.client.hset(key, mapping={session: "1", _EVER: "1"})
    if redis.register is not None and session_id is None:
        await redis.register.keep_session(RegisteredSession(session, group, author, valid_until))
    return session


async def bring_sessions(redis: Redis, key: str, sessions: Iterable[RegisteredSession]) -> None:
    """Stores those of the sessions that are not yet in the list under `key`."""
    listed = await fields_of(redis, key)
    for session in sessions:
        if session.session not in listed:
            await _bring_session(redis, session)


async def _bring_session(redis: Redis, session: RegisteredSession) -> GroupSession:
    name, group, author, until = session
    await create_session(redis, group, author, until, name)
    return GroupSession(group, author, until)


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
        await redis.client.hdel(group_sessions_key(session.group), session_id)
        await redis.client.hdel(author_sessions_key(session.author), session_id)
        await redis.client.delete(session_key(session_id))


async def sessions_of_author(redis: Redis, author: str) -> dict[str, GroupSession] | None:
    """Returns the author's listed sessions by id, or None if the author never had one."""
    if redis.register is not None:
        there = await redis.register.sessions_of_author(author)
        await bring_sessions(redis, author_sessions_key(author), there)
    return await listed_sessions(redis, author_sessions_key(author))


async def listed_sessions(redis: Redis, key: str) -> dict[str, GroupSession] | None:
    """Returns the sessions in the list under `key` by id, or None if there never was one."""
    found: dict[str, GroupSession] = {}
    ended: list[str] = []
    listed = await fields_of(redis, key)
    for session_id in listed.keys() - {_EVER}:
        session = await read_session(redis, session_id)
        if session is not None:
            found[session_id] = session
        else:
            ended.append(session_id)
    if ended:
        await redis.client.hdel(key, *ended)
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
