"""This module imports a pad from Etherpad's records into a fleet, with everything that belongs to
it."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from padfleet.shared.batches import slices
from padfleet.shared.bounds import (
    DAY_MS,
    MOST_BROUGHT_MESSAGES,
    MOST_SAVED,
    is_pad_id,
)
from padfleet.shared.etherpad import records as r
from padfleet.shared.etherpad.converting import Converter, present_text
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import Records
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.document import CorruptPad
from padfleet.shared.log.pad.options import normalised
from padfleet.shared.log.pad.pads import claim_read_only
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.people import contributions, groups
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR
from padfleet.shared.log.people.authors import bring
from padfleet.shared.wire.jsontext import dumps

STEP = 200
"""How many records are read and converted at a time."""

MOST_MISSING = 10_000
"""How many chat messages may be missing, in addition to as many as have been found, before the
search for the rest is given up. Their number is only what the pad's record says."""

MOST_KEPT = 100_000
"""How many revisions with a whole text are examined, which covers ten million revisions."""

MARK = "brought"
"""The field of a pad's meta hash that holds the pad's head and time at its source, and the head
that it got here. With it, another import recognises what has changed since, and where."""

Progress = Callable[[str, int, int], None]
"""A callback that is given the pad, the revision that has been reached, and the last revision."""


class Bounds(NamedTuple):
    """How large an imported pad may be, at nearly all of its revisions."""

    units: int  #: UTF-16 code units of its text
    attributes: int
    authors: int = 10_000  #: each of which is stored permanently


UNBOUNDED = Bounds(1 << 53, 1 << 53, 1 << 53)


class Brought(NamedTuple):
    pad: str  #: its id in the fleet
    head: int
    messages: int
    saved: int
    replaced: bool
    salvaged: str  #: why only the present text was imported; empty if the history is complete


async def bring_pad(
    redis: Redis,
    keyspace: Keyspace,
    records: Records,
    pad_id: str,
    *,
    as_id: str,
    replace: bool,
    read_only_id: str | None = None,
    deletion: bytes = b"",
    salvage: bool = False,
    bounds: Bounds = UNBOUNDED,
    progress: Progress = lambda *_: None,
) -> Brought:
    """Installs the pad in one step, after all of it has been read and found to be consistent.

    Arguments:
        as_id: the id that the pad gets.
        replace: whether an existing pad may be replaced.
        deletion: the hash of the pad's deletion token.
        salvage: whether a pad with an inconsistent history is imported with only its present text
            or, if that is lost, with the newest text that a revision includes.
        bounds: how large the pad may be.

    Raises `BadRecord`, `PadExists`, `ServerMoved`, or what `UNREACHABLE` lists and reading raises.
    In these cases nothing has changed.
    """
    if not is_pad_id(as_id):
        raise BadRecord(f"nobody could open a pad of this name, of {len(as_id)} characters")
    key = r.pad_key(pad_id)
    latest = int(time.time() * 1000) + DAY_MS
    (record,) = await records.get([key])
    why = ""
    try:
        head = r.head_of(record, key)
        staging, authors = await _history(
            redis, keyspace, records, pad_id, as_id, record, head, bounds, progress
        )
    except BadRecord as error:
        if not salvage:
            raise
        staging, authors, damage = await _present_text(
            redis, keyspace, records, pad_id, record, as_id, bounds
        )
        why = f"{error}; {damage}" if damage else str(error)
    if not isinstance(record, Mapping):
        record = {}  # the pad has been salvaged without its record
    try:
        messages = await _chat(records, pad_id, record, staging, latest)
        saved = r.saved_of(record, key, latest=latest)
        saved = [one for one in saved if one.rev <= staging.document.head][-MOST_SAVED:]
        if saved:
            await staging.add_saved([one.to_record() for one in saved])
        for one in saved:
            authors.add(one.author)
        if len(authors) > bounds.authors:
            raise BadRecord(f"{key}: there are more than {bounds.authors} authors")
        await _authors(redis, records, authors)
        document = staging.document
        (first,) = await records.get([r.revision_key(pad_id, 0)])
        creator = _author_of(first) or SYSTEM_AUTHOR
        installed = await staging.install(
            above_epoch=0,
            creator=creator,
            read_only_id=await claim_read_only(redis, read_only_id, as_id),
            replace=replace,
            deletion=deletion,
            settings=dumps(normalised(record.get("padSettings"))).encode(),
            more={
                "public": "1" if record.get("publicStatus") is True else "0",
                MARK: mark_of(await state_there(records, pad_id), document.head),
            },
        )
    except BaseException:
        await staging.drop()
        raise
    await contributions.note(redis, document.authors(), as_id, installed.epoch)
    await groups.adopt(redis, as_id)
    return Brought(as_id, document.head, messages, len(saved), installed.replaced, why)


class StateThere(NamedTuple):
    """What shows whether a pad has changed at its source."""

    head: int
    time: int  #: of the head, ms since the epoch


async def state_there(records: Records, pad_id: str) -> StateThere:
    """Returns the state of a pad at its source. The state of an inconsistent pad is as complete as
    possible; the fault will show when its history is read."""
    key = r.pad_key(pad_id)
    (record,) = await records.get([key])
    try:
        head = r.head_of(record, key)
    except BadRecord:
        return StateThere(-1, 0)
    (last,) = await records.get([r.revision_key(pad_id, head)])
    try:
        return StateThere(head, r.changeset_of(last, key)[2])
    except BadRecord:
        return StateThere(head, 0)


def mark_of(there: StateThere, head_here: int) -> str:
    return f"{there.head} {there.time} {head_here}"


async def _history(
    redis: Redis,
    keyspace: Keyspace,
    records: Records,
    pad_id: str,
    as_id: str,
    record: Any,
    head: int,
    bounds: Bounds,
    progress: Progress,
) -> tuple[Staging, set[str]]:
    key = r.pad_key(pad_id)
    pool = r.pool_of(record, key, most=bounds.attributes)
    converter = Converter(pool, latest=int(time.time() * 1000))
    staging = await Staging.begin(redis, keyspace, as_id, head=head)
    try:
        for start in range(0, head + 1, STEP):
            keys = [r.revision_key(pad_id, n) for n in range(start, min(start + STEP, head + 1))]
            values = await records.get(keys)
            revisions = [
                converter.revision(value, name) for name, value in zip(keys, values, strict=True)
            ]
            await staging.add(revisions)
            if staging.document.body.units > bounds.units:
                raise BadRecord(f"{key}: the text is longer than {bounds.units} characters")
            if len(staging.document.pool) > bounds.attributes:
                raise BadRecord(f"{key}: there are more than {bounds.attributes} attributes")
            progress(as_id, staging.document.head, head)
        if staging.document.atext.text != r.text_of(record, key):
            raise BadRecord(f"{key}: its revisions do not lead to the text that it has")
        if not staging.document.atext.text.endswith("\n"):
            raise BadRecord(f"{key}: the text does not end in a newline")
    except CorruptPad as error:
        await staging.drop()
        raise BadRecord(f"{key}: {error}") from error
    except BaseException:
        await staging.drop()
        raise
    return staging, converter.authors


async def _present_text(
    redis: Redis,
    keyspace: Keyspace,
    records: Records,
    pad_id: str,
    record: Any,
    as_id: str,
    bounds: Bounds,
) -> tuple[Staging, set[str], str]:
    """Stages the present text. Returns the staging, the authors, and what was lost: why the text
    has no attributes or is an older one. That is empty if nothing was lost."""
    key = r.pad_key(pad_id)
    older = ""
    try:
        text = r.text_of(record, key)
    except BadRecord:
        rev, record = await _newest_kept(records, pad_id)
        text, older = r.text_of(record, key), f"as it was at revision {rev}"
    if len(text) > bounds.units:
        raise BadRecord(f"{key}: the text is longer than {bounds.units} characters")
    revision, damage = present_text(record, key, 1, most=bounds.attributes)
    staging = await Staging.begin(redis, keyspace, as_id, head=0)
    try:
        await staging.add([revision])
    except CorruptPad as error:
        await staging.drop()
        raise BadRecord(f"{key}: {error}") from error
    missing = "; ".join(part for part in (older, damage) if part)
    return staging, set(staging.document.authors()) - {SYSTEM_AUTHOR}, missing


async def _newest_kept(records: Records, pad_id: str) -> tuple[int, Any]:
    """Returns the newest revision that includes the whole text, and that text: with it, a pad whose
    own record is lost still has a text. Raises `BadRecord` if there is none."""
    found: tuple[int, Any] | None = None
    step = STEP * r.KEY_REVISIONS
    for start in range(0, MOST_KEPT * r.KEY_REVISIONS, step):
        numbers = range(start, start + step, r.KEY_REVISIONS)
        values = await records.get([r.revision_key(pad_id, number) for number in numbers])
        for number, value in zip(numbers, values, strict=True):
            if isinstance(value, Mapping) and isinstance(value.get("meta"), Mapping):
                with suppress(BadRecord):
                    r.text_of(value["meta"], "")
                    found = number, value["meta"]
        if all(value is None for value in values):
            break
    if found is None:
        raise BadRecord(f"{r.pad_key(pad_id)}: no text is left, neither there nor in a revision")
    return found


async def _chat(records: Records, pad_id: str, record: Any, staging: Staging, latest: int) -> int:
    """Imports the chat, and returns the number of messages that were imported."""
    count = r.chat_count(record, r.pad_key(pad_id))
    if count == 0:
        return 0
    (newest,) = await records.get([r.chat_key(pad_id, count - 1)])
    # If the newest message is missing, the count is unusable, and the search begins at the first.
    first = max(0, count - MOST_BROUGHT_MESSAGES) if newest is not None else 0
    last = min(count, first + MOST_BROUGHT_MESSAGES)
    found = 0
    for start in range(first, last, STEP):
        if start - first - found > found + MOST_MISSING:
            break
        numbers = range(start, min(start + STEP, last))
        values = await records.get([r.chat_key(pad_id, number) for number in numbers])
        # Where messages are missing, the following ones move up, since padfleet's numbering has no
        # gaps.
        messages = []
        for value in values:
            if (message := r.message_of(value, found, latest=latest)) is not None:
                messages.append((f"{found}-1", [b"m", message.to_record()]))
                found += 1
        if messages:
            await staging.add_chat(messages)
    return found


async def _authors(redis: Redis, records: Records, authors: set[str]) -> None:
    names = sorted(authors - {"", SYSTEM_AUTHOR})
    for part in slices(names, STEP):
        values = await records.get([r.author_key(name) for name in part])
        found = (r.author_of(value, name) for name, value in zip(part, values, strict=True))
        await bring(redis, [author for author in found if author is not None])


def _author_of(record: Any) -> str:
    try:
        return r.changeset_of(record, "")[1]
    except BadRecord:
        return ""
