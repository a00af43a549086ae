"""Gives a pad other revision numbers, for those who shorten its history, and for those who close a
gap in it. Both stage the new history, and put it in the old one's place if nobody has written
meanwhile."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from padfleet.shared.easysync import AttributePool
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.form import encode_wire
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.history import revision_pages
from padfleet.shared.log.pad.meta import PadMeta
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.saved import SavedRevision
from padfleet.shared.log.pad.staging import Staging, WrittenOn
from padfleet.shared.log.records import Revision, chain_of
from padfleet.shared.wire.jsontext import loads

T = TypeVar("T")

ATTEMPTS = 5
"""How often a pad is rewritten at most. An attempt fails only if somebody writes while it is
made."""


async def attempted(attempt: Callable[[], Awaitable[T]]) -> T:
    """Calls `attempt` until it does not raise `WrittenOn`, and returns its result. Raises what the
    last attempt raises."""
    for _ in range(ATTEMPTS - 1):
        with suppress(WrittenOn):
            return await attempt()
    return await attempt()


async def add_renumbered(
    redis: Redis, keys: PadKeys, staging: Staging, last: Revision, first: int, head: int
) -> None:
    """Adds the pad's revisions `first` to `head`, which must still exist, after `last`, which was
    staged last. Raises what `Staging.add` and `revision_pages` raise."""
    async for page in revision_pages(redis, keys, first, head):
        renumbered = []
        for revision in page:
            last = _after(last, revision)
            renumbered.append(last)
        await staging.add(renumbered)


async def put_in_place(
    redis: Redis, keys: PadKeys, staging: Staging, meta: PadMeta, saved: Sequence[SavedRevision]
) -> None:
    """Puts the staged history in the place of the pad that `meta` describes. Settings, chat and
    links stay. Raises what `Staging.install` raises.

    Arguments:
        saved: all saved revisions of the new history.
    """
    if saved:
        await staging.add_saved([one.to_record() for one in saved])
    facts = await PadStore(redis, keys).facts(meta.epoch)
    await staging.install(
        above_epoch=meta.epoch,
        creator=meta.creator,
        read_only_id=None,
        replace=True,
        settings=facts.settings,
        deletion=facts.deletion,
        more={"public": "1"} if facts.public else None,
        only_over=meta,
    )


def _after(last: Revision, revision: Revision) -> Revision:
    """Returns the same change as the revision after `last`."""
    said = loads(revision.wire)
    pool = AttributePool.from_jsonable(said["apool"])
    number, delta = last.rev + 1, revision.time - last.time
    author, time = revision.author, revision.time
    wire = encode_wire(number, said["changeset"], pool, author, time, delta)
    return Revision(number, author, time, None, chain_of(last.chain, wire), wire)
