"""Implements the API's functions on groups, and on the sessions that admit people to their pads."""

import re
import time
from typing import Any

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.services.web.api.pads import existing as pads_there
from padfleet.services.web.api.pads import remove
from padfleet.services.web.api.people import existing
from padfleet.shared.bounds import LARGEST
from padfleet.shared.log.people import group_sessions, groups
from padfleet.shared.log.people.group_sessions import GroupSession, session_info

_NUMBER = re.compile(r"\s*[+-]?[0-9]+")


async def create_group(api: Api, _fields: Fields) -> dict[str, Any]:
    return {"groupID": await groups.create_group(api.redis)}


async def create_group_if_not_exists_for(api: Api, fields: Fields) -> dict[str, Any]:
    mapper = arguments.text(fields, "groupMapper")
    return {"groupID": await groups.group_for(api.redis, arguments.plain(mapper))}


async def delete_group(api: Api, fields: Fields) -> None:
    """Deletes a group with its pads and sessions."""
    group = await _group(api, fields)
    async with api.noting("delete group", group) as details:
        details["pads"] = 0
        for pad in await groups.pads_of_group(api.redis, group):
            try:
                await remove(api, pad)
                details["pads"] += 1
            except ApiError:
                await groups.remove_pad(api.redis, group, pad)  # it was already gone
        await groups.forget_group(api.redis, group)


async def list_all_groups(api: Api, _fields: Fields) -> dict[str, Any]:
    return {"groupIDs": await groups.all_groups(api.redis)}


async def list_pads(api: Api, fields: Fields) -> dict[str, Any]:
    group = await _group(api, fields)
    pads = await groups.pads_of_group(api.redis, group)
    # Some of these may have been deleted by people who had them open, without the group's list
    # changing.
    found = await pads_there(api, pads)
    for pad in set(pads) - set(found):
        await groups.remove_pad(api.redis, group, pad)
    return {"padIDs": found}


async def _group(api: Api, fields: Fields) -> str:
    group = arguments.name_of(fields, "groupID")
    if not group or not await groups.group_exists(api.redis, group):
        raise ApiError("groupID does not exist")
    return group


# --- Sessions ------------------------------------------------------------------------------------


async def create_session(api: Api, fields: Fields) -> dict[str, Any]:
    group = await _group(api, fields)
    author = await existing(api, fields)
    until = _moment(fields.get("validUntil"))
    if until < int(time.time()):
        raise ApiError("validUntil is in the past")
    return {"sessionID": await group_sessions.create_session(api.redis, group, author, until)}


def _moment(value: Any) -> int:
    """Reads a time, in Unix seconds."""
    if isinstance(value, str):
        number = _NUMBER.match(value[:30])
        value = int(number[0]) if number is not None else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ApiError("validUntil is not a number")
    if value < 0:
        raise ApiError("validUntil is a negative number")
    if value != int(value):
        raise ApiError("validUntil is a float value")
    return min(int(value), LARGEST)


async def delete_session(api: Api, fields: Fields) -> None:
    name, _ = await _session(api, fields)
    await group_sessions.delete_session(api.redis, name)


async def get_session_info(api: Api, fields: Fields) -> dict[str, Any]:
    _, session = await _session(api, fields)
    return session_info(session)


async def _session(api: Api, fields: Fields) -> tuple[str, GroupSession]:
    name = arguments.name_of(fields, "sessionID")
    session = await group_sessions.read_session(api.redis, name) if name else None
    if session is None:
        raise ApiError("sessionID does not exist")
    return name, session


async def list_sessions_of_group(api: Api, fields: Fields) -> dict[str, Any] | None:
    group = await _group(api, fields)
    return _listed(await groups.sessions_of_group(api.redis, group))


async def list_sessions_of_author(api: Api, fields: Fields) -> dict[str, Any] | None:
    author = await existing(api, fields)
    return _listed(await group_sessions.sessions_of_author(api.redis, author))


def _listed(sessions: dict[str, GroupSession] | None) -> dict[str, Any] | None:
    """Returns the sessions; None if there never were any, as in Etherpad."""
    if sessions is None:
        return None
    return {name: session_info(session) for name, session in sessions.items()}
