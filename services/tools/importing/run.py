"""Imports the pads of a source, one after the other, and reports what has become of each."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from padfleet.services.tools.importing.sources import Source
from padfleet.shared.bounds import is_pad_id
from padfleet.shared.etherpad.bring import MARK, Brought, bring_pad, mark_of
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.pad_store import PadStore
from padfleet.shared.log.pad.staging import PadExists, ServerMoved
from padfleet.shared.tool import ToolProgress, shown

Existing = Literal["skip", "update", "replace"]

MOST_NAMED = 10
"""How many of the records that cannot be read are named."""

_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What code raises when it fails on unexpected input."""

log = logging.getLogger(__name__)


@dataclass
class ImportTally:
    brought: int = 0
    unchanged: int = 0  #: imported before, and still the same there
    in_the_way: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    salvaged: list[str] = field(default_factory=list)
    unreadable: int = 0  #: records that were left out, of pads or otherwise


class Importer:
    """Imports pads, each in one step. So a run that was interrupted can be continued by another
    with the same arguments, which recognizes what is already there."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        source: Source,
        tally: ImportTally,
        *,
        existing: Existing,
        salvage: bool,
        progress: ToolProgress,
    ) -> None:
        """Takes what is needed to import pads.

        Arguments:
            existing: what to do about pads that exist here already. `update` imports those again
                that were imported before and have changed in the source, but not here.
            salvage: whether a damaged pad is imported as far as it can be read.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._source = source
        self._existing = existing
        self._salvage = salvage
        self._progress = progress
        self.tally = tally

    async def run(self, pads: Sequence[str], *, as_id: str | None = None) -> None:
        """Imports the pads; a fault in one is reported, and the next one follows. Raises what
        `UNREACHABLE` lists, and what the source raises when it is unreachable."""
        for number, pad in enumerate(pads, 1):
            name = as_id or pad
            where = f"{number} of {len(pads)}  {shown(name)}"
            try:
                replace = await self._replaces(pad, name)
                if replace is None:
                    continue
                brought = await self._bring(pad, name, replace=replace)
            except PadExists:
                self.tally.in_the_way.append(name)
                self._progress.say(f"{where}: is here already, and stays as it is")
            except (BadRecord, ServerMoved) as error:
                self.tally.failed.append(name)
                self._progress.say(f"{where}: not brought: {error}")
            except _FAULTS as error:  # our fault; the next pads are wanted all the same
                self.tally.failed.append(name)
                log.exception("a pad could not be imported")
                self._progress.say(f"{where}: not brought: {type(error).__name__}: {error}")
            else:
                self.tally.brought += 1
                self._say(where, brought)
            self._source.take_unreadable()  # of this pad, for which everything has been reported

    async def _replaces(self, pad: str, name: str) -> bool | None:
        """Returns whether the pad replaces an existing one, or None if there is nothing to do.
        Raises `PadExists`, and `BadRecord` for an id under which nobody could open the pad."""
        if not is_pad_id(name):
            raise BadRecord(f"nobody could open a pad of this name, of {len(name)} characters")
        keys = self._keyspace.pad(name)
        meta = await read_meta(self._redis, keys)
        if not meta.exists:
            return False
        there = await self._source.state(pad)
        mark = await PadStore(self._redis, keys).note(MARK)
        head_here = int(mark.split()[2]) if mark else -1
        if mark == mark_of(there, head_here).encode() and meta.head == head_here:
            self.tally.unchanged += 1
            return None
        untouched = mark is not None and meta.head == head_here
        if self._existing == "replace" or (self._existing == "update" and untouched):
            return True
        raise PadExists(name)

    async def _bring(self, pad: str, name: str, *, replace: bool) -> Brought:
        read_only_id = await self._source.read_only_id(pad)
        async with self._source.records(pad) as records:
            return await bring_pad(
                self._redis,
                self._keyspace,
                records,
                pad,
                as_id=name,
                replace=replace,
                read_only_id=read_only_id,
                deletion=await self._source.deletion(pad),
                salvage=self._salvage,
                progress=self._progress.at,
            )

    def _say(self, where: str, brought: Brought) -> None:
        self._progress.clear()
        if brought.salvaged:
            self.tally.salvaged.append(brought.pad)
            self._progress.say(f"{where}: only its present text: {brought.salvaged}")
            return
        left = self.left_out()
        more = [f"{brought.head + 1} revisions"]
        if brought.messages:
            more.append(f"{brought.messages} chat messages")
        if brought.saved:
            more.append(f"{brought.saved} saved revisions")
        how = "replaced" if brought.replaced else "brought"
        self._progress.say(f"{where}: {how}, {', '.join(more)}{left}")

    def left_out(self) -> str:
        """Returns what was skipped of the last pad, or since then, because it cannot be read; empty
        if nothing was."""
        found = self._source.take_unreadable()
        self.tally.unreadable += len(found)
        named = [f"{shown(key)} ({why})" for key, why in list(found.items())[:MOST_NAMED]]
        if len(found) > MOST_NAMED:
            named.append(f"{len(found) - MOST_NAMED} more")
        return f"; left out, since they cannot be read: {', '.join(named)}" if found else ""
