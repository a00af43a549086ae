"""This module serves CLIENT_MESSAGE with padoptions: the settings that a pad has for everybody."""

import time

from padfleet.services.fanout.errors import ClientError, WrongType
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.services.fanout.requests.shouts import shout
from padfleet.shared.bounds import PLUGINS_BYTES
from padfleet.shared.log.pad.announcements import Relayed
from padfleet.shared.log.pad.chat import NoPad
from padfleet.shared.log.pad.options import OptionsContended, change_options
from padfleet.shared.wire.jsontext import dumps

NOT_CREATOR = "Only the pad creator can change pad settings"

MOST_BYTES = PLUGINS_BYTES + 4_096


async def change(asked: RequestContext) -> None:
    """Stores the settings, and sends them to everybody, including their sender. Only the pad's
    creator may change them."""
    payload = asked.part("payload")
    options, changed_by = payload.get("options"), payload.get("changedBy")
    if not asked.settings.pad_wide_settings:
        return
    if asked.session.author != asked.room.metadata.creator:
        now_ms = int(time.time() * 1000)
        asked.room.reply(asked.session, shout(now_ms, message=NOT_CREATOR))
        return
    if not isinstance(options, dict):
        raise WrongType("options is not an object")
    notice = {"type": "padoptions", "options": options, "changedBy": changed_by}
    message = dumps(
        {
            "type": "COLLABROOM",
            "component": "pad",
            "data": {"type": "CLIENT_MESSAGE", "payload": notice},
        }
    ).encode()
    if len(message) > MOST_BYTES:
        raise ClientError(f"the settings take more than {MOST_BYTES} bytes")
    try:
        await change_options(
            asked.redis, asked.room.keys, options, telling=Relayed("message", message)
        )
    except (NoPad, OptionsContended) as error:
        raise ClientError(str(error)) from error
