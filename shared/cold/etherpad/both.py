"""This module resolves the case in which an Etherpad has written on a pad while a fleet had it
open.

Nothing of either side is lost, and nobody is shown one text in place of the other. If the history
of one side continues from the end of the other, it contains everything that the other has, and
becomes the pad. If both have continued, the pad is what is in the database, since people on a fleet
can be told to reload and people on an Etherpad cannot. What the fleet had is then kept as a
separate pad under another name, and the log says so.
"""

import logging
import time
from enum import StrEnum

from prometheus_client import Counter

from padfleet.shared.bounds import is_pad_id
from padfleet.shared.cold.etherpad.pads import EtherpadPads
from padfleet.shared.cold.pads import ColdPad, chain_in
from padfleet.shared.log.changes.copying import copy_pad
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace, PadKeys
from padfleet.shared.log.pad.chat import chat_pages
from padfleet.shared.log.pad.history import HistoryGap, read_revisions
from padfleet.shared.log.pad.meta import PadMeta, read_meta
from padfleet.shared.log.pad.pads import claim_read_only
from padfleet.shared.log.pad.reader import HotReader
from padfleet.shared.log.pad.saved import read_saved
from padfleet.shared.log.pad.staging import PadExists, Staging, WrittenOn
from padfleet.shared.log.people import authors, groups
from padfleet.shared.log.people.author_records import stored_author

log = logging.getLogger(__name__)

MOST_LOCAL = 50
"""The longest name of a pad, in characters, without its group."""

PAGE = 500
"""How many chat messages one read fetches."""

ATTEMPTS = 5
"""How many attempts are made to settle a pad. An attempt fails if another process writes to the pad
meanwhile."""

FOREIGN = Counter(
    "padfleet_cold_foreign_changes_total",
    "Pads on which an Etherpad wrote while the fleet had them, by outcome: continued, reloaded, "
    "or the fleet's version kept beside the Etherpad's",
    ["outcome"],
)


class SettledAs(StrEnum):
    OURS = "gone_on"  #: Redis has all that the database has, and more
    THEIRS = "reloaded"
    BESIDE = "kept_beside"
    NOTHING = "nothing"  #: the pad no longer exists in one of the two places


async def settle(redis: Redis, keyspace: Keyspace, cold: EtherpadPads, pad: str) -> SettledAs:
    """Settles which of the two versions of a pad is the pad, and keeps the other one beside it if
    it has anything more. Returns the outcome.

    Raises `CorruptPad`, `ServerMoved`, and what `UNREACHABLE` lists. After an error it has to be
    called again.
    """
    kept: str | None = None
    for attempt in range(ATTEMPTS):
        found, meta = await cold.read(pad), await read_meta(redis, keyspace.pad(pad))
        if found is None or not meta.exists:
            return SettledAs.NOTHING
        outcome = await _which(redis, keyspace, cold, pad, found, meta)
        logged: dict[str, str | int] = {"pad": pad, "here": meta.head, "there": found.head.head}
        if outcome is SettledAs.OURS:
            await cold.adopt(pad, found.head, meta.epoch)
        else:
            if outcome is SettledAs.BESIDE:
                kept = logged["kept_as"] = await _keep(redis, keyspace, pad, meta, kept)
            try:
                await _take(redis, keyspace, cold, found, meta)
            except WrittenOn:
                if attempt < ATTEMPTS - 1:
                    continue
                raise
        FOREIGN.labels(outcome.value).inc()
        log.log(
            logging.ERROR if outcome is SettledAs.BESIDE else logging.WARNING,
            "an Etherpad has written on a pad that this fleet has open",
            extra={**logged, "outcome": outcome.value},
        )
        return outcome
    raise AssertionError("an attempt that neither ended nor failed")


async def _which(
    redis: Redis, keyspace: Keyspace, cold: EtherpadPads, pad: str, found: ColdPad, here: PadMeta
) -> SettledAs:
    """Returns which of the two versions is the pad. A version becomes the pad in place of the other
    only if it has everything that the other has."""
    keys, there = keyspace.pad(pad), found.head
    chat, saved = await _said(redis, keys), await read_saved(redis, keys)
    theirs = [flat[1] for _, flat in found.chat]
    kept = set(found.saved)
    marked = {one.to_record() for one in saved}
    if here.head > there.head:
        same = await _chain_here(redis, keys, there.head) == there.chain
        if same and chat[: len(theirs)] == theirs and kept <= marked:
            return SettledAs.OURS
        return SettledAs.BESIDE
    same = await chain_in(cold, pad, there.epoch, here.head) == here.chain
    if same and theirs[: len(chat)] == chat and marked <= kept:
        return SettledAs.THEIRS
    return SettledAs.BESIDE


async def _said(redis: Redis, keys: PadKeys) -> list[bytes]:
    """Returns the chat, as it is stored."""
    return [message.to_record() async for page in chat_pages(redis, keys, PAGE) for message in page]


async def _chain_here(redis: Redis, keys: PadKeys, rev: int) -> bytes:
    """Returns the chain at this revision, which covers all revisions before it."""
    try:
        found = await read_revisions(redis, keys, rev, rev)
    except HistoryGap:
        return b""
    return found[0].chain if found else b""


async def _keep(
    redis: Redis, keyspace: Keyspace, pad: str, meta: PadMeta, again: str | None
) -> str:
    """Copies what the fleet has to a pad under another name, and returns that name. `again` is the
    name under which an earlier state was kept a moment ago."""
    reader = HotReader(redis, keyspace.pad(pad), meta)
    if again is not None:
        await copy_pad(redis, keyspace, reader, again, replace=True)
        return again
    for number in range(100):
        name = name_beside(pad, time.time(), number)
        try:
            await copy_pad(redis, keyspace, reader, name, replace=False)
        except PadExists:
            continue
        return name
    raise PadExists("there are pads under all names for one that is kept beside")


def name_beside(pad: str, now: float, number: int = 0) -> str:
    """Returns the name of a pad that is kept beside this one. This function is pure."""
    more = time.strftime("-padfleet-%Y%m%d-%H%M%S", time.gmtime(now))
    more += f"-{number}" if number else ""
    group, dollar, local = pad.rpartition("$")
    name = f"{group}{dollar}{local[: MOST_LOCAL - len(more)]}{more}"
    assert is_pad_id(name), name
    return name


async def _take(
    redis: Redis, keyspace: Keyspace, cold: EtherpadPads, found: ColdPad, over: PadMeta
) -> None:
    """Replaces what the fleet has with what the database has, provided that the former is
    unchanged. The people on the pad are told to reload. Raises `WrittenOn`."""
    pad_head, head = found.state.pad, found.head
    staging = await Staging.begin(redis, keyspace, pad_head.pad, head=head.head)
    try:
        async for part in cold.revisions(pad_head.pad, head.epoch, 0, head.head):
            await staging.add(part.revisions())
        if found.chat:
            await staging.add_chat([(name, list(flat)) for name, flat in found.chat])
        if found.saved:
            await staging.add_saved(found.saved)
        known = (stored_author(author, flat) for author, flat in found.authors)
        await authors.bring(redis, [author for author in known if author is not None])
        installed = await staging.install(
            above_epoch=head.epoch,
            creator=pad_head.creator,
            read_only_id=await claim_read_only(redis, pad_head.read_only_id, pad_head.pad),
            replace=True,
            settings=pad_head.settings,
            deletion=pad_head.deletion,
            more={**found.state.more, "public": "1" if pad_head.public else "0"},
            only_over=over,
            with_chat=True,
        )
    except BaseException:
        await staging.drop()
        raise
    await groups.adopt(redis, pad_head.pad)
    await cold.adopt(pad_head.pad, head, installed.epoch)
