"""Implements the API's functions on revisions: numbers, changesets, and saved revisions."""

import time
from typing import Any

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields, JsonAnswer
from padfleet.shared.easysync import AttributePool, move_ops_to_new_pool
from padfleet.shared.log.pad.document import LARGE_REVISION, MANY_ATTRIBUTES
from padfleet.shared.log.pad.past import authors_in, whole_pages
from padfleet.shared.log.pad.saved import NotSaved, SavedRevision, readable, save_revision
from padfleet.shared.log.people import authors
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR, new_author_id
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import dumps_in_pieces, loads


async def get_revisions_count(api: Api, fields: Fields) -> dict[str, Any]:
    reader = await arguments.reader(api, fields)
    return {"revisions": reader.meta.head}


async def get_last_edited(api: Api, fields: Fields) -> dict[str, Any]:
    reader = await arguments.reader(api, fields)
    return {"lastEdited": reader.meta.time}


async def get_revision_changeset(api: Api, fields: Fields) -> str:
    """Returns the changeset, with the attribute numbers that getAttributePool returns."""
    rev = arguments.rev(fields)
    reader = await arguments.reader(api, fields)
    arguments.not_above_head(rev, reader.meta)
    wanted = reader.meta.head if rev is None else rev
    pool = await api.pools.at(reader)
    ((revision,),) = [page async for page in whole_pages(reader, wanted, wanted)]
    large = len(revision.wire) > LARGE_REVISION
    return await aside(large, _numbered, revision.wire, pool.clone())


def _numbered(wire: bytes, pool: AttributePool) -> str:
    data = loads(wire)
    wire_pool = AttributePool.from_jsonable(data["apool"])
    return move_ops_to_new_pool(data["changeset"], wire_pool, pool)


async def get_attribute_pool(api: Api, fields: Fields) -> JsonAnswer:
    pool = await api.pools.at(await arguments.reader(api, fields))
    return JsonAnswer(await aside(len(pool) > MANY_ATTRIBUTES, _written, pool.clone()))


def _written(pool: AttributePool) -> bytes:
    return dumps_in_pieces({"pool": pool.to_wire()}).encode()


async def list_authors_of_pad(api: Api, fields: Fields) -> dict[str, Any]:
    pool = await api.pools.at(await arguments.reader(api, fields))
    return {"authorIDs": [one for one in await authors_in(pool) if one != SYSTEM_AUTHOR]}


# --- Saved ---------------------------------------------------------------------------------------


async def get_saved_revisions_count(api: Api, fields: Fields) -> dict[str, Any]:
    return {"savedRevisions": len(await _saved(api, fields))}


async def list_saved_revisions(api: Api, fields: Fields) -> dict[str, Any]:
    return {"savedRevisions": sorted(one.rev for one in await _saved(api, fields))}


async def _saved(api: Api, fields: Fields) -> list[SavedRevision]:
    return readable(await (await arguments.reader(api, fields)).saved())


async def save(api: Api, fields: Fields) -> None:
    """Saves a revision by an author of its own with the name "API", as in Etherpad."""
    rev = arguments.rev(fields)
    pad, meta = await arguments.pad(api, fields)
    arguments.not_above_head(rev, meta)
    wanted = meta.head if rev is None else rev
    author = new_author_id()
    now = int(time.time() * 1000)
    keys = api.keyspace.pad(pad)
    try:
        saved = await save_revision(api.redis, keys, wanted, author, "Saved through API call", now)
    except NotSaved as error:
        raise ApiError(str(error)) from error
    if saved is not None:  # otherwise nothing was done
        await authors.update(api.redis, (await authors.enrol(api.redis, author)).id, name="API")
