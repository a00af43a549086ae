"""This module serves PAD_DELETE."""

import time

from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.services.fanout.requests.shouts import shout
from padfleet.shared.easysync import to_units
from padfleet.shared.log.pad.deletion import is_deletion_token


async def delete_pad(asked: RequestContext) -> None:
    """Deletes the pad for its creator, for anybody who has the pad's token, or, if the settings say
    so, for anybody.

    A token that is sent has to be the right one, even if the creator sends it: otherwise a mistyped
    token would pass for a good one until it is needed.
    """
    wanted = asked.part("data")
    room, session = asked.room, asked.session
    if wanted.get("padId") != to_units(room.pad_id):
        raise ClientError("refusing cross-pad delete")
    token = wanted.get("deletionToken")
    key = "pad.deletionToken.notCreator"
    allowed = asked.settings.pad_deletion_by_all
    if isinstance(token, str) and token:
        key = "pad.deletionToken.invalid"
        allowed = await is_deletion_token(asked.redis, room.keys, room.epoch, token)
        if not allowed:
            _refuse(asked, key)
            return
    outcome = await asked.commits.delete(room, session, allowed=allowed)
    if outcome is not None and outcome.kind == "refused":
        _refuse(asked, key)


def _refuse(asked: RequestContext, key: str) -> None:
    asked.room.reply(asked.session, shout(int(time.time() * 1000), key=key))
