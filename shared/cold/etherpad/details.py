"""This module reads what an Etherpad's records have of a pad besides its history: when and by whom
revisions were made, its chat, its authors, and what leads to it."""

import time as clock
from typing import Any

from padfleet.shared import bounds
from padfleet.shared.bounds import DAY_MS, MOST_BROUGHT_MESSAGES
from padfleet.shared.cold.etherpad.note import value_of, values_of
from padfleet.shared.cold.etherpad.table import Table, portions
from padfleet.shared.easysync import to_units
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.bring import MOST_MISSING
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR, author_items

STEP = 200
"""How many records are read and converted at a time."""


async def time_of(table: Table, pad_id: str, rev: int) -> int:
    """Returns when a revision was written, in ms since 1970; 1 if the record does not say."""
    key = r.revision_key(pad_id, rev)
    (value,) = await values_of(await table.get([key]))
    try:
        return max(1, min(r.changeset_of(value, key)[2], latest()))
    except BadRecord:
        return 1


async def creator_of(table: Table, pad_id: str) -> str:
    """Returns the author of the first revision."""
    key = r.revision_key(pad_id, 0)
    (value,) = await values_of(await table.get([key]))
    try:
        return r.changeset_of(value, key)[1] or SYSTEM_AUTHOR
    except BadRecord:
        return SYSTEM_AUTHOR


async def chat_of(
    table: Table, pad_id: str, record: Any
) -> tuple[list[tuple[str, list[bytes]]], int]:
    """Returns the messages, and the number of the newest one in the records."""
    count = r.chat_count(record, "")
    first = max(0, count - MOST_BROUGHT_MESSAGES)
    found: list[tuple[str, list[bytes]]] = []
    for start in range(first, count, STEP):
        if start - first - len(found) > len(found) + MOST_MISSING:
            break
        keys = [r.chat_key(pad_id, number) for number in range(start, min(start + STEP, count))]
        async for _, raws in portions(table, keys):
            for value in await values_of(raws):
                # Where messages are missing, the following ones move up, since padfleet's numbering
                # has no gaps.
                message = r.message_of(value, len(found), latest=latest())
                if message is not None:
                    found.append((f"{len(found)}-1", [b"m", message.to_record()]))
    return found, count - 1


async def authors_of(table: Table, names: list[str]) -> list[tuple[str, list[bytes]]]:
    """Returns what is known of these authors, as the fields of their records."""
    found: list[tuple[str, list[bytes]]] = []
    async for keys, raws in portions(table, [r.author_key(name) for name in names]):
        for key, value in zip(keys, await values_of(raws), strict=True):
            author = r.author_of(value, r.author_in(key))
            if author is not None:
                found.append((author.id, author_items(author)))
    return found


async def read_only_of(table: Table, pad_id: str, raw: str | None) -> str | None:
    """Returns the pad's read-only id from the row that holds it, or None if there is none. An id
    that leads to another pad is that pad's: its readers would be shown this one."""
    (found,) = await values_of([raw])
    if not bounds.is_read_only_id(found):
        return None
    (leads_to,) = await table.get([f"readonly2pad:{found}"])
    return found if leads_to is None or value_of(leads_to) == to_units(pad_id) else None


def deletion_of(raw: str | None) -> bytes:
    """Returns the hash of the deletion token from its record, or empty bytes if there is none."""
    found = value_of(raw)
    hashed = found.get("hash") if isinstance(found, dict) else None
    if not isinstance(hashed, str) or len(hashed) != 64 or not hashed.isascii():
        return b""
    return hashed.encode()


def latest() -> int:
    """Returns the last moment, in ms since 1970, that is believed of a record: clocks differ, but
    not by more than a day."""
    return int(clock.time() * 1000) + DAY_MS
