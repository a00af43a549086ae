"""Groups and their sessions, as they are stored."""

from __future__ import annotations

import asyncio
import time

import pytest

from padfleet.services.fanout.auth.decision import Denied, RequestedPad
from padfleet.services.fanout.auth.group_pads import (
    LOOK_AGAIN,
    group_session,
    session_grant,
)
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, group_sessions_key, session_key
from padfleet.shared.log.people import group_sessions, groups
from padfleet.shared.log.people.group_sessions import KEPT_S, GroupSession

GROUP = "g.0123456789abcdef"
PAD = f"{GROUP}$x"


async def test_two_callers_at_once_get_one_group(redis: Redis) -> None:
    found = await asyncio.gather(*(groups.group_for(redis, "team") for _ in range(20)))
    assert len(set(found)) == 1
    assert await groups.all_groups(redis) == [found[0]]


async def test_a_session_is_forgotten_a_day_after_its_end(redis: Redis) -> None:
    until = int(time.time()) + 1000
    name = await group_sessions.create_session(redis, GROUP, "a.x", until)
    left = await redis.client.ttl(session_key(name))
    assert 1000 + KEPT_S - 60 < left <= 1000 + KEPT_S
    forever = await group_sessions.create_session(redis, GROUP, "a.x", 10**15)
    assert set(await groups.sessions_of_group(redis, GROUP) or ()) == {name, forever}
    await redis.client.delete(session_key(name))  # as if its time had come
    assert set(await groups.sessions_of_group(redis, GROUP) or ()) == {forever}
    assert set(await group_sessions.sessions_of_author(redis, "a.x") or ()) == {forever}
    await redis.client.delete(session_key(forever))
    assert await groups.sessions_of_group(redis, GROUP) == {}
    assert await group_sessions.sessions_of_author(redis, "a.x") == {}
    assert await group_sessions.sessions_of_author(redis, "a.nobody") is None


async def test_a_session_of_which_a_release_before_made_the_list(redis: Redis) -> None:
    """It knows nothing of the field that says that there was one."""
    name = await group_sessions.create_session(redis, GROUP, "a.x", int(time.time()) + 1000)
    await redis.client.hdel(group_sessions_key(GROUP), "")
    assert set(await groups.sessions_of_group(redis, GROUP) or ()) == {name}
    await group_sessions.delete_session(redis, name)
    assert await groups.sessions_of_group(redis, GROUP) is None


async def test_which_session_counts(redis: Redis) -> None:
    until = int(time.time()) + 1000
    mine = await group_sessions.create_session(redis, GROUP, "a.x", until)
    other = await group_sessions.create_session(redis, "g.fedcba9876543210", "a.y", until)
    for cookie in (mine, f'"{other},{mine}"', f"{other}, {mine}", f",,{mine}"):
        assert await group_sessions.valid_session(redis, GROUP, cookie) == (GROUP, "a.x", until)
    for cookie in (
        "",
        other,
        "s.none",
        ",".join(["s.none"] * group_sessions.MOST_IN_COOKIE + [mine]),
    ):
        assert await group_sessions.valid_session(redis, GROUP, cookie) is None
    assert await group_sessions.valid_session(redis, GROUP, mine, now=until) is None


async def test_which_sessions_give_access_to_a_groups_pad(redis: Redis, keyspace: Keyspace) -> None:
    name = await group_sessions.create_session(redis, GROUP, "a.x", int(time.time()) + 1000)
    for wanted in (RequestedPad(PAD, PAD, False), RequestedPad(PAD, "r.x", True)):
        found = await group_session(redis, keyspace, wanted, name)
        assert found is not None
        assert found.author == "a.x"
        with pytest.raises(Denied):
            await group_session(redis, keyspace, wanted, "")
    plain = RequestedPad("pad", "pad", False)
    assert await group_session(redis, keyspace, plain, name) is None


def test_a_session_is_looked_up_again() -> None:
    long = session_grant(GroupSession(GROUP, "a.x", 5000), now=1000)
    assert long.expires == 1000 + LOOK_AGAIN
    assert session_grant(GroupSession(GROUP, "a.x", 1010), now=1000).expires == 1010
    assert long.write
