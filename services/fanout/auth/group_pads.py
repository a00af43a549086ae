"""This module applies Etherpad's rules on who may open the pads of groups, where neither tokens nor
a hook decide that.

A session of the group admits its holder to all of the group's pads, and says who the holder is
there. Without a session only pads that were made public are open, unless these require one, too,
and no pad can be created. The read-only address of a pad opens no more than the pad itself.
"""

from padfleet.services.fanout.auth.decision import Denied, Grant, Reason, RequestedPad
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.reader import open_reader
from padfleet.shared.log.people.group_sessions import GroupSession, valid_session
from padfleet.shared.log.people.groups import group_of

LOOK_AGAIN = 60.0
"""A session is looked up again after this many seconds, since it may have been deleted."""


async def group_session(
    redis: Redis, keyspace: Keyspace, wanted: RequestedPad, given: str, *, required: bool = False
) -> GroupSession | None:
    """Finds the session that admits its holder to this pad.

    Arguments:
        redis: the connection to Redis.
        keyspace: the keys of the fleet.
        wanted: the pad that is asked for.
        given: the ids of the client's sessions, separated by commas.
        required: whether public pads need a session as well.

    Returns None for a pad that needs no session. Raises `Denied` if none admits the client.
    """
    group = group_of(wanted.pad_id)
    if group is None:
        return None
    session = await valid_session(redis, group, given)
    if session is not None:
        return session
    if required:
        raise Denied("a group's pad needs a session, public or not", Reason.MISSING)
    reader = await open_reader(redis, keyspace, wanted.pad_id, brief=True)
    if reader is None:
        raise Denied("only a session can make a pad of a group", Reason.NO_PAD)
    if not (await reader.facts()).public:
        raise Denied("a group's pad needs a session", Reason.MISSING)
    return None


def session_grant(session: GroupSession, now: float) -> Grant:
    return Grant(session.author, expires=min(session.valid_until, now + LOOK_AGAIN))
