"""Implements the API's functions on authors, and on who is where at present."""

from typing import Any

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.services.web.api.pads import pages
from padfleet.shared.log.channel_messages import Member
from padfleet.shared.log.connection.several import pads_with_sessions
from padfleet.shared.log.keys import WORKERS
from padfleet.shared.log.people import authors, contributions, presence, recognition


async def create_author(api: Api, fields: Fields) -> dict[str, Any]:
    return {"authorID": await authors.create(api.redis, arguments.optional_text(fields, "name"))}


async def create_author_if_not_exists_for(api: Api, fields: Fields) -> dict[str, Any]:
    mapper = fields.get("authorMapper")
    if isinstance(mapper, int) and not isinstance(mapper, bool):
        mapper = str(mapper)  # portals have numbers for their people
    mapper = arguments.plain(arguments.text({"authorMapper": mapper}, "authorMapper"))
    author = await recognition.author_for(api.redis, mapper)
    name = arguments.optional_text(fields, "name")
    if name:
        await authors.update(api.redis, author, name=name)
    return {"authorID": author}


async def get_author_name(api: Api, fields: Fields) -> str | None:
    wanted = arguments.name_of(fields, "authorID")
    found = await authors.read(api.redis, [wanted])
    return found[wanted].name if wanted in found else None


async def list_pads_of_author(api: Api, fields: Fields) -> dict[str, Any]:
    author = await existing(api, fields)
    return {"padIDs": await contributions.pads_of(api.redis, api.keyspace, author)}


async def existing(api: Api, fields: Fields) -> str:
    """Returns an author who must exist."""
    author = arguments.name_of(fields, "authorID")
    if not author or not await authors.read(api.redis, [author]):
        raise ApiError("authorID does not exist")
    return author


# --- Who is where --------------------------------------------------------------------------------


async def pad_users_count(api: Api, fields: Fields) -> dict[str, Any]:
    pad = await arguments.pad_id(api, fields)
    return {"padUsersCount": len(await _members(api, pad))}


async def pad_users(api: Api, fields: Fields) -> dict[str, Any]:
    """Returns one entry for each session, so that a person with two windows appears twice."""
    pad = await arguments.pad_id(api, fields)
    members = await _members(api, pad)
    known = await authors.read(api.redis, {member.author for member in members})
    return {
        "padUsers": [
            {"id": author.id, "name": author.name, "colorId": author.color}
            for author in (known.get(member.author) for member in members)
            if author is not None
        ]
    }


async def get_stats(api: Api, _fields: Fields) -> dict[str, Any]:
    """Counts the pads and sessions of the whole fleet, for which it goes through all keys."""
    alive = await _alive(api)
    total = sessions = active = 0
    async for part in pages(api):
        total += len(part)
        for pad, _ in await pads_with_sessions(api.redis, api.keyspace, part):
            here = len(await _members(api, pad, alive))
            sessions += here
            active += here > 0
    return {"totalPads": total, "totalSessions": sessions, "totalActivePads": active}


async def _members(api: Api, pad: str, alive: set[str] | None = None) -> list[Member]:
    joined = await presence.members(api.redis, api.keyspace.pad(pad))
    if not joined:
        return []
    # On a pad that no other worker has open, the members of a dead worker stay listed for long.
    alive = await _alive(api) if alive is None else alive
    return [member for _, member in joined if member.worker in alive]


async def _alive(api: Api) -> set[str]:
    counted = await presence.beat(api.redis, WORKERS, "", api.settings.presence_timeout_ms)
    return counted.alive
