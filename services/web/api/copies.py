"""Pads under other names."""

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.services.web.api.pads import remove
from padfleet.services.web.api.texts import bringing, change, read
from padfleet.shared.batches import batches
from padfleet.shared.log import contributions, groups
from padfleet.shared.log.authors import SYSTEM_AUTHOR
from padfleet.shared.log.chat import chat_pages
from padfleet.shared.log.groups import group_of
from padfleet.shared.log.history import PadMeta, read_meta
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.options import read_options
from padfleet.shared.log.past import history
from padfleet.shared.log.saved import read_saved
from padfleet.shared.log.staging import PadExists, Staging
from padfleet.shared.wire.jsontext import dumps

STEP = 200
"""Revisions, or chat messages, that are copied in one step."""


async def copy_pad(api: Api, fields: Fields) -> None:
    source, destination, meta = await _from_and_to(api, fields)
    await _copy(api, source, destination, meta, replace=arguments.flag(fields, "force"))


async def move_pad(api: Api, fields: Fields) -> None:
    source, destination, meta = await _from_and_to(api, fields)
    await _copy(api, source, destination, meta, replace=arguments.flag(fields, "force"))
    await remove(api, source)


async def copy_pad_without_history(api: Api, fields: Fields) -> None:
    source, destination, meta = await _from_and_to(api, fields)
    author = arguments.author(fields) or SYSTEM_AUTHOR
    then = await read(api, source, meta, None)
    if (await read_meta(api.redis, api.keyspace.pad(destination))).exists:
        if not arguments.flag(fields, "force"):
            raise ApiError("destinationID already exists")
        await remove(api, destination)
    if not await api.edits.create(destination, author, "", wrote_it=False):
        raise ApiError("destinationID already exists")
    await _into_group(api, destination)
    await change(api, destination, author, bringing(then.atext, then.pool), for_others=True)


async def _from_and_to(api: Api, fields: Fields) -> tuple[str, str, PadMeta]:
    source, meta = await arguments.pad(api, fields, "sourceID")
    destination = await arguments.pad_id(api, fields, "destinationID")
    group = group_of(destination)
    if group is not None and not await groups.group_exists(api.redis, group):
        raise ApiError("groupID does not exist for destinationID")
    if destination == source:
        raise ApiError("destinationID already exists")
    return source, destination, meta


async def _into_group(api: Api, pad: str) -> None:
    if (group := group_of(pad)) is not None:
        await groups.add_pad(api.redis, group, pad)


async def _copy(api: Api, source: str, destination: str, meta: PadMeta, *, replace: bool) -> None:
    """Its whole history, chat, saved revisions and settings, in one step."""
    redis, keys = api.redis, api.keyspace.pad(source)
    staging = await Staging.begin(redis, api.keyspace, destination, head=meta.head)
    try:
        async for part in batches(history(redis, keys, meta.head), STEP):
            await staging.add(part)
        await _beside(api, keys, staging)
        installed = await staging.install(
            above_epoch=0,
            creator=meta.creator,
            read_only_id=None,
            replace=replace,
            settings=dumps(await read_options(redis, keys)).encode(),
            more={"public": "1" if await groups.is_public(redis, keys) else "0"},
        )
    except PadExists:
        await staging.drop()
        raise ApiError("destinationID already exists") from None
    except BaseException:
        await staging.drop()
        raise
    authors = staging.document.authors()
    await contributions.note(redis, authors, destination, installed.epoch)
    await _into_group(api, destination)


async def _beside(api: Api, keys: PadKeys, staging: Staging) -> None:
    async for messages in chat_pages(api.redis, keys, STEP):
        await staging.add_chat([(f"{m.number}-1", [b"m", m.to_record()]) for m in messages])
    saved = await read_saved(api.redis, keys)
    if saved:
        await staging.add_saved([one.to_record() for one in saved])
