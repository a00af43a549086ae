"""Implements the API's functions on whole pads: creating, deleting, listing, and their ids."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import ExitStack, closing
from itertools import compress
from typing import Any

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields, StreamedAnswer
from padfleet.services.web.api.conversion import MOST
from padfleet.shared.batches import batches, filled, slices
from padfleet.shared.cold import catalogue
from padfleet.shared.cold.opening import cold_of
from padfleet.shared.conversion.insertion import measured
from padfleet.shared.easysync.characters import plain, plain_in_steps
from padfleet.shared.log.changes.edits import Missing
from padfleet.shared.log.connection.several import are_there, read_heads
from padfleet.shared.log.pad.deletion import is_deletion_token, make_deletion_token
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.pads import pad_of_read_only, read_only_id
from padfleet.shared.log.pad.reader import is_there
from padfleet.shared.log.people import groups
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.ordering import OrderedNames
from padfleet.shared.rendering.paragraphs import DocumentTooLarge
from padfleet.shared.wire.jsontext import dumps

MOST_TEXT = 100_000
"""The most code units of a new pad's text."""

CLEANED_AT_ONCE = 50_000
"""How many code units are scanned in one turn of the event loop, which takes 12 ms if all of them
are control characters or line ends."""

AT_ONCE = 500
"""How many pads are asked about in one round trip."""


async def create_pad(api: Api, fields: Fields) -> dict[str, Any]:
    if isinstance(fields.get("padID"), str):
        if "$" in fields["padID"]:
            raise ApiError("createPad can't create group pads")
        if re.search("[/?&#]", fields["padID"]):
            raise ApiError("malformed padID: Remove special characters")
    pad = await arguments.pad_id(api, fields)
    if not await make(api, pad, fields):
        raise ApiError("padID does already exist")
    return {"deletionToken": await deletion_token(api, pad)}


async def make(api: Api, pad: str, fields: Fields) -> bool:
    """Creates a pad with the text and author of the call; returns whether there was none before."""
    author = arguments.author(fields)
    creator = author or SYSTEM_AUTHOR
    if fields.get("text") is None:
        return await api.edits.create(pad, creator, api.settings.first_text, wrote_it=False)
    text = arguments.text(fields, "text")
    if len(text) > MOST_TEXT:
        raise ApiError("text must be less than 100k chars")
    return await api.edits.create(pad, creator, await cleaned(text), wrote_it=bool(author))


async def cleaned(text: str) -> str:
    """Returns the text without characters that an editor has no line or column for. Raises
    `ApiError` for a text that is too long.

    It works in steps between which other tasks get their turn; a thread would not help, as it would
    hold the interpreter just the same.
    """
    try:
        measured(text, MOST.units)
    except DocumentTooLarge as error:
        raise ApiError(str(error)) from None
    if len(text) <= CLEANED_AT_ONCE:
        return plain(text)
    steps = plain_in_steps(text, CLEANED_AT_ONCE)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            done: str = end.value
            return done
        await asyncio.sleep(0)


async def deletion_token(api: Api, pad: str) -> str | None:
    """Returns a deletion token, or None if it would be of no use, because everybody may delete the
    pad or people are identified by more than a cookie."""
    if api.settings.pad_deletion_by_all or api.settings.auth != "open":
        return None
    keys = api.keyspace.pad(pad)
    meta = await read_meta(api.redis, keys)
    return await make_deletion_token(api.redis, keys, meta.epoch)


async def delete_pad(api: Api, fields: Fields) -> None:
    pad, meta = await arguments.pad(api, fields)
    token = arguments.optional_text(fields, "deletionToken")
    if token and not api.settings.pad_deletion_by_all:
        keys = api.keyspace.pad(pad)
        if not await is_deletion_token(api.redis, keys, meta.epoch, token):
            raise ApiError("invalid deletionToken")
    await remove(api, pad)


async def remove(api: Api, pad: str) -> None:
    try:
        await api.deeds.delete(pad)
    except Missing:
        raise ApiError("padID does not exist") from None


async def get_read_only_id(api: Api, fields: Fields) -> dict[str, Any]:
    reader = await arguments.reader(api, fields)
    pad, known = reader.keys.pad_id, reader.meta.read_only_id
    if known is None:  # then the pad is changed, and has to be in Redis
        known = await read_only_id(api.redis, api.keyspace.pad(pad), pad)
    return {"readOnlyID": known}


async def get_pad_id(api: Api, fields: Fields) -> dict[str, Any]:
    read_only = arguments.name_of(fields, "roID")
    found = await pad_of_read_only(api.redis, read_only) if read_only else None
    if found is None or not await is_there(api.redis, api.keyspace, found):
        raise ApiError("padID does not exist")
    return {"padID": found}


async def list_all_pads(api: Api, _fields: Fields) -> StreamedAnswer:
    """Returns all pads in alphabetical order. It goes through all keys of the fleet and all names
    of the cold store before the first one is sent."""
    with ExitStack() as stack:
        names = stack.enter_context(closing(OrderedNames()))
        async for page in pages(api):
            for pad in page:
                names.add(pad)
        return StreamedAnswer(_listed(names, stack.pop_all()))


async def _listed(names: OrderedNames, ends: ExitStack) -> AsyncIterator[bytes]:
    with ends:
        yield b'{"padIDs":['
        between = b""
        for some in filled(names, lambda _: 1, AT_ONCE):
            yield between + dumps(some)[1:-1].encode()
            between = b","
            await asyncio.sleep(0)
        yield b"]}"


async def pages(api: Api) -> AsyncGenerator[list[str], None]:
    """Yields the ids of all pads, in Redis and in the cold store, some at a time and in no
    particular order."""
    found = catalogue.all_pads(api.redis, api.keyspace, cold_of(api.redis))
    async for part in batches(found, AT_ONCE):
        hot = [where.pad for where in part if where.hot]
        there = await are_there(api.redis, [api.keyspace.pad(pad) for pad in hot])
        yield [*compress(hot, there), *(where.pad for where in part if not where.hot)]


async def existing(api: Api, pads: list[str]) -> list[str]:
    """Returns those of the pads that exist."""
    found = [await _existing(api, some) for some in slices(pads, AT_ONCE)]
    return [pad for part in found for pad in part]


async def _existing(api: Api, pads: Sequence[str]) -> list[str]:
    if api.redis.elsewhere is None:
        there = await are_there(api.redis, [api.keyspace.pad(pad) for pad in pads])
        return list(compress(pads, there))
    heads = await read_heads(api.redis, [api.keyspace.pad(pad) for pad in pads])
    found: set[str] = set()
    away: list[str] = []
    for pad, head in zip(pads, heads, strict=True):
        if isinstance(head, Exception):
            raise head
        if head.head >= 0:
            found.add(pad)
        elif not head.epoch:
            away.append(pad)
    found.update(compress(away, await api.redis.elsewhere.are_there(away)))
    return [pad for pad in pads if pad in found]


# --- Group pads' own -----------------------------------------------------------------------------


async def create_group_pad(api: Api, fields: Fields) -> dict[str, Any]:
    group = arguments.name_of(fields, "groupID")
    if not group or not await groups.group_exists(api.redis, group):
        raise ApiError("groupID does not exist")
    name = arguments.text(fields, "padName")
    pad = await arguments.pad_id(api, {"padID": f"{group}${name}"})
    if not await make(api, pad, fields):
        raise ApiError("padName does already exist")
    await groups.add_pad(api.redis, group, pad)
    return {"padID": pad, "deletionToken": await deletion_token(api, pad)}


async def set_public_status(api: Api, fields: Fields) -> None:
    _check_group_pad(fields)
    pad, _ = await arguments.pad(api, fields)
    public = arguments.flag(fields, "publicStatus")
    await PadStore(api.redis, api.keyspace.pad(pad)).set_public(public)


async def get_public_status(api: Api, fields: Fields) -> dict[str, Any]:
    _check_group_pad(fields)
    reader = await arguments.reader(api, fields)
    return {"publicStatus": (await reader.facts()).public}


def _check_group_pad(fields: Fields) -> None:
    given = fields.get("padID")
    if isinstance(given, str) and given and "$" not in given:
        raise ApiError("You can only get/set the publicStatus of pads that belong to a group")
