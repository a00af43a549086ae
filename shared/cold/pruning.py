"""This module removes pads that nobody has used for a long time: directly if they are in the cold
store, and through their writer if they are in Redis."""

import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Literal, NamedTuple

from padfleet.shared.archive.folder import file_of
from padfleet.shared.archive.taking import PadUnreadable, take_pad
from padfleet.shared.archive.writing import NotWritten, new_archive
from padfleet.shared.cold.listing import PadFacts, UnreadablePad, Wanted, listed
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.removing import remove_cold
from padfleet.shared.log.changes.edits import EditRefusal, Edits, Missing, Overtaken, Unanswered
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.people import groups

log = logging.getLogger(__name__)


class Pruned(NamedTuple):
    """What became of a pad that nobody has used for a long time."""

    pad: str
    verdict: Literal["deleted", "would be deleted", "used meanwhile", "failed"]
    facts: PadFacts | None = None
    why: str = ""  #: the reason if it failed


class _Gone(Exception):
    """The pad no longer exists, so there must be no file of it either."""


class Pruning:
    """One pass over all pads."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        cold: ColdPads | None,
        edits: Edits,
        *,
        export: Path | None = None,
        dry_run: bool = False,
    ) -> None:
        """Prepares one pass.

        Arguments:
            export: a directory into which each pad is backed up before it is deleted.
            dry_run: only says which pads would be deleted.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._cold = cold
        self._edits = edits
        self._export = export
        self._dry_run = dry_run

    async def run(self, unused_s: float, match: str = "*") -> AsyncGenerator[Pruned, None]:
        """Removes the pads that nobody is on and that nobody has edited for `unused_s` seconds, nor
        opened as far as that is known. Yields what became of each.

        Raises what `UNREACHABLE` lists. What was done by then stays done.
        """
        # With a cold store, a pad that is in Redis was opened recently, if only to be read.
        place: Literal["cold", "any"] = "any" if self._cold is None else "cold"
        wanted = Wanted(match, time.time() - unused_s, place=place)
        found = listed(self._redis, self._keyspace, self._cold, wanted)
        async with aclosing(found) as pads:
            async for facts in pads:
                if isinstance(facts, UnreadablePad):
                    yield Pruned("", "failed", None, facts.why)
                elif self._dry_run:
                    yield Pruned(facts.pad, "would be deleted", facts)
                else:
                    yield await self._prune(facts)

    async def _prune(self, facts: PadFacts) -> Pruned:
        try:
            gone = await (self._prune_cold(facts) if facts.place == "cold" else self._hot(facts))
        except (Missing, Overtaken):
            gone = False
        except (CorruptPad, PadUnreadable, NotWritten, EditRefusal, NotTaken, Unanswered) as error:
            return Pruned(facts.pad, "failed", facts, str(error))
        if not gone:
            return Pruned(facts.pad, "used meanwhile", facts)
        # This is the only place where it is recorded that the pad existed.
        log.info(
            "pad pruned",
            extra={"pad": facts.pad, "head": facts.head, "edited": facts.edited_at},
        )
        return Pruned(facts.pad, "deleted", facts)

    async def _prune_cold(self, facts: PadFacts) -> bool:
        assert self._cold is not None
        over = await self._cold.look(facts.pad)
        if over is None or over.head != facts.head:
            return False
        if not await self._backed_up(facts.pad):
            return False
        return await remove_cold(self._redis, self._keyspace, self._cold, facts.pad, over)

    async def _hot(self, facts: PadFacts) -> bool:
        if not await self._backed_up(facts.pad):
            return False
        await self._edits.delete(facts.pad, only_at=facts.head)
        if (group := groups.group_of(facts.pad)) is not None:
            await groups.remove_pad(self._redis, group, facts.pad)
        return True

    async def _backed_up(self, pad: str) -> bool:
        """Returns whether the pad may be deleted: if a backup is required, the pad has been written
        to a file. False means that the pad no longer exists."""
        if self._export is None:
            return True
        try:
            with new_archive(file_of(self._export, pad)) as archive:
                taken = await take_pad(
                    self._redis, self._keyspace, pad, archive.write, lambda _rev, _head: None
                )
                if taken is None:
                    raise _Gone
        except _Gone:
            return False
        return True
