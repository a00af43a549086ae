"""This module serves SAVE_REVISION."""

import time

from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.shared.log.pad.chat import NoPad
from padfleet.shared.log.pad.saved import NotSaved, save_revision


async def save_newest(asked: RequestContext) -> None:
    """Saves the newest revision, and notifies everybody on the pad unless it was saved already.

    The newest revision is the one that this worker knows: the client cannot have seen a later one.
    """
    room, session = asked.room, asked.session
    now_ms = int(time.time() * 1000)
    try:
        await save_revision(asked.redis, room.keys, room.feed.head, session.author, "", now_ms)
    except (NoPad, NotSaved) as error:
        raise ClientError(str(error)) from error
