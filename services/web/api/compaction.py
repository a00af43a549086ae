"""Removes old revisions permanently, if the operator allows that."""

from typing import Any

from padfleet.services.web.api import arguments
from padfleet.services.web.api.context import Api, ApiError, Fields
from padfleet.services.web.api.shortening import shorten_pad
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.past import authors_in
from padfleet.shared.log.pad.reader import HotReader, PadReader
from padfleet.shared.log.pad.staging import WrittenOn
from padfleet.shared.log.people import contributions

OFF = (
    "compactPad is disabled, since it takes the history of a pad away for good: "
    "PADFLEET_PAD_COMPACTION=true of the fan-out workers allows it"
)


async def compact_pad(api: Api, fields: Fields) -> dict[str, Any]:
    if not api.settings.pad_compaction:
        raise ApiError(OFF)
    given = fields.get("keepRevisions")
    keep = None if given in (None, "") else arguments.whole_number(fields, "keepRevisions")
    if given not in (None, "") and (keep is None or keep < 0):
        raise ApiError("keepRevisions must be a non-negative integer")
    pad, _ = await arguments.pad(api, fields)
    keys = api.keyspace.pad(pad)
    async with api.noting("compact", pad, keep=keep or 0):
        try:
            done = await shorten_pad(api.redis, api.keyspace, pad, keep or 0)
        except WrittenOn as error:
            raise ApiError(f"the pad could not be compacted: {error}; try again") from None
        if done:
            now = HotReader(api.redis, keys, await read_meta(api.redis, keys))
            await contributions.note(api.redis, await _authors(api, now), pad, now.meta.epoch)
    if keep is None:
        return {"ok": True, "mode": "all"}
    return {"ok": done, "mode": "keepLast", "keepRevisions": keep}


async def _authors(api: Api, reader: PadReader) -> set[str]:
    """Returns the authors of the present text and of the changes since the first revision."""
    return set(await authors_in(await api.pools.at(reader)))
