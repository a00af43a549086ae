"""Copies and moves pads to other names."""

from collections.abc import Awaitable

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.services.web.api.pads import remove
from padfleet.services.web.api.texts import bringing_all_of, change
from padfleet.shared.log.changes.edits import Missing
from padfleet.shared.log.pad.past import document_at
from padfleet.shared.log.pad.reader import is_there, open_reader
from padfleet.shared.log.pad.staging import PadExists
from padfleet.shared.log.people import groups
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.people.groups import group_of


async def copy_pad(api: Api, fields: Fields) -> None:
    source, destination = await _from_and_to(api, fields)
    await _done(api.deeds.copy(source, destination, replace=arguments.flag(fields, "force")))


async def move_pad(api: Api, fields: Fields) -> None:
    source, destination = await _from_and_to(api, fields)
    await _done(api.deeds.move(source, destination, replace=arguments.flag(fields, "force")))


async def _done(deed: Awaitable[None]) -> None:
    """Copies the pad in one step, with its whole history, chat, saved revisions and settings."""
    try:
        await deed
    except PadExists:
        raise ApiError("destinationID already exists") from None
    except Missing:
        raise ApiError("padID does not exist") from None


async def copy_pad_without_history(api: Api, fields: Fields) -> None:
    source, destination = await _from_and_to(api, fields)
    author = arguments.author(fields) or SYSTEM_AUTHOR
    replace = arguments.flag(fields, "force")
    async with api.noting("copy", source, to=destination, replace=replace, history=False):
        reader = await open_reader(api.redis, api.keyspace, source)
        if reader is None:
            raise ApiError("padID does not exist")
        then = await document_at(reader)
        if await is_there(api.redis, api.keyspace, destination):
            if not replace:
                raise ApiError("destinationID already exists")
            await remove(api, destination)
        if not await api.edits.create(destination, author, "", wrote_it=False):
            raise ApiError("destinationID already exists")
        await _into_group(api, destination)
        await change(
            api,
            destination,
            author,
            bringing_all_of(then),
            for_others=True,
            large=then.is_large,
        )


async def _from_and_to(api: Api, fields: Fields) -> tuple[str, str]:
    # Etherpad's message calls it a padID although the parameter has another name.
    source = await arguments.existing_id(api, {"padID": fields.get("sourceID")})
    destination = await arguments.pad_id(api, fields, "destinationID")
    group = group_of(destination)
    if group is not None and not await groups.group_exists(api.redis, group):
        raise ApiError("groupID does not exist for destinationID")
    if destination == source:
        raise ApiError("destinationID already exists")
    return source, destination


async def _into_group(api: Api, pad: str) -> None:
    if (group := group_of(pad)) is not None:
        await groups.add_pad(api.redis, group, pad)
