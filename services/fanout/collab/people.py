"""This module serves USERINFO_UPDATE, and CLIENT_MESSAGE with suggestUserName."""

from padfleet.services.fanout.errors import ClientError, WrongType
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.shared.bounds import is_author_id, is_color, name_of
from padfleet.shared.log.channel_messages import UserInfo
from padfleet.shared.log.pad import announcements
from padfleet.shared.log.people import authors, presence


async def change_name_or_color(asked: RequestContext) -> None:
    """Serves USERINFO_UPDATE: the author has another name or colour."""
    info = asked.data.get("userInfo")
    if not isinstance(info, dict):
        raise WrongType("missing userInfo")
    session = asked.session
    name, color = info.get("name"), info.get("colorId")
    if color is None:
        raise ClientError("missing colorId")
    if not is_color(color):
        raise ClientError("malformed color", color)
    if name is not None and not isinstance(name, str):
        raise WrongType("name is not a text")
    name = session.identity.name or name_of(name)
    color = session.identity.color or color
    # This is not a contribution: the author is kept for as long as before.
    await authors.update(asked.redis, session.author, name=name or "", color=color, for_good=False)
    info = UserInfo(session.id, session.author, name, color)
    await presence.tell_user_info(asked.redis, asked.room.keys, info)


async def suggest_name(asked: RequestContext) -> None:
    """Passes on a name that somebody suggests for a user without one to that user's page, which may
    adopt it."""
    payload = asked.part("payload")
    name, unnamed = payload.get("newName"), payload.get("unnamedId")
    for field, value in (("newName", name), ("unnamedId", unnamed)):
        if value is None:
            raise ClientError(f"missing {field}")
        if not isinstance(value, str):
            raise WrongType(f"{field} is not a text")
    assert isinstance(name, str)
    assert isinstance(unnamed, str)
    if not is_author_id(unnamed):
        return  # there is nobody to send it to
    # The message is built again, because whatever else the client put into it would reach the
    # other page unchecked.
    suggestion = {"type": "suggestUserName", "unnamedId": unnamed, "newName": name_of(name) or ""}
    message = {
        "type": "COLLABROOM",
        "component": "pad",
        "data": {"type": "CLIENT_MESSAGE", "payload": suggestion},
    }
    await announcements.relay(asked.redis, asked.room.keys, message, author=unnamed)
