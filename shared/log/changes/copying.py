"""This module copies a pad with all of its history."""

from padfleet.shared.batches import batches, slices
from padfleet.shared.log.changes.edits import Edits, Overtaken
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.options import parse_options
from padfleet.shared.log.pad.past import history
from padfleet.shared.log.pad.reader import HotReader, PadReader, message_pages
from padfleet.shared.log.pad.saved import readable
from padfleet.shared.log.pad.staging import InstalledHistory, Staging
from padfleet.shared.log.people import contributions, groups
from padfleet.shared.log.people.authors import bring
from padfleet.shared.wire.jsontext import dumps

STEP = 200
"""The number of revisions, or chat messages, that are copied at a time."""

MOVE_ATTEMPTS = 10


async def copy_pad(
    redis: Redis, keyspace: Keyspace, source: PadReader, destination: str, *, replace: bool
) -> InstalledHistory:
    """Puts a copy of `source` in the place of `destination` in one step: its whole history, chat,
    saved revisions and settings. With `replace`, it overwrites what is there. `source` stays as and
    where it is.

    Raises `PadExists`, `ServerMoved`, `CorruptPad`, or what `UNREACHABLE` lists. In these cases
    nothing has changed.
    """
    meta = source.meta
    staging = await Staging.begin(redis, keyspace, destination, head=meta.head)
    try:
        async for part in batches(history(source, meta.head), STEP):
            await staging.add(part)
        facts = await source.facts()
        await _beside(source, facts.chat_head, staging)
        installed = await staging.install(
            above_epoch=0,
            creator=meta.creator,
            read_only_id=None,
            replace=replace,
            settings=dumps(parse_options(facts.settings)).encode(),
            more={"public": "1" if facts.public else "0"},
        )
    except BaseException:
        await staging.drop()
        raise
    authors = staging.document.authors()
    for some in slices(sorted(authors), STEP):
        _ = await bring(redis, [*(await source.authors(some)).values()])
    await contributions.note(redis, authors, destination, installed.epoch)
    if (group := groups.group_of(destination)) is not None:
        await groups.add_pad(redis, group, destination)
    return installed


async def move_pad(
    redis: Redis,
    keyspace: Keyspace,
    edits: Edits,
    source: str,
    destination: str,
    meta: PadMeta,
    *,
    replace: bool,
) -> InstalledHistory:
    """Copies `source` as `copy_pad` does, and deletes it. If it is edited meanwhile, it is copied
    once more, so that the edits are included.

    Raises what `copy_pad` and `Edits.delete` raise, and `Overtaken` if people write faster than the
    pad can be copied. In this case, the copy has been made and nothing has been deleted.
    """
    for attempt in range(MOVE_ATTEMPTS):
        over = replace or attempt > 0
        reader = HotReader(redis, keyspace.pad(source), meta)
        installed = await copy_pad(redis, keyspace, reader, destination, replace=over)
        try:
            await edits.delete(source, only_at=meta.head)
            break
        except Overtaken:
            if attempt == MOVE_ATTEMPTS - 1:
                raise
            meta = await read_meta(redis, keyspace.pad(source))
    if (group := groups.group_of(source)) is not None:
        await groups.remove_pad(redis, group, source)
    return installed


async def _beside(reader: PadReader, newest: int, staging: Staging) -> None:
    """Copies the chat and the saved revisions. `newest` is the number of the last chat message, -1
    if there is none."""
    async for page in message_pages(reader, newest):
        await staging.add_chat([(f"{m.number}-1", [b"m", m.to_record()]) for m in page])
    saved = readable(await reader.saved())
    if saved:
        await staging.add_saved([one.to_record() for one in saved])
