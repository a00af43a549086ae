"""Who may go onto the pads of groups, where neither tokens nor a hook say so: Etherpad's rules.

A session of the group lets onto all of its pads, and says who somebody is there. Without one only
pads that were made public are open, unless a session is required for these too, and none can be
brought into being. The read-only address of a pad opens no more than the pad itself.
"""

from padfleet.services.fanout.auth.decision import Denied, Grant, Reason, RequestedPad
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.reader import open_reader
from padfleet.shared.log.people.groups import GroupSession, group_of, valid_session

LOOK_AGAIN = 60.0
"""Seconds after which a session is looked up once more: it may have been deleted."""


async def group_session(
    redis: Redis, keyspace: Keyspace, wanted: RequestedPad, given: str, *, required: bool = False
) -> GroupSession | None:
    """The session among those `given` (ids with commas between) that lets onto this pad; None for a
    pad that needs none. `required`: public pads need one as well. Raises `Denied`."""
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
