"""Compares backups with the pads that they were made of."""

from collections.abc import Iterable
from typing import NamedTuple

from padfleet.services.tools.verify.faults import StoredFault
from padfleet.shared.archive.entries import Entry, PadDone, PadHead, PadVoid, Revisions
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.history import HistoryGap
from padfleet.shared.log.pad.reader import PadReader, open_reader


class Compared(NamedTuple):
    pad: PadHead
    head: int  #: head of the pad now; -1 if it does not exist
    fault: StoredFault | None


class Comparison:
    """Takes the entries of an archive, and compares each revision with the one that is stored."""

    def __init__(self, redis: Redis, keyspace: Keyspace, pads: set[str] | None) -> None:
        """Takes where the pads are, and which of them are wanted; None means all."""
        self._redis = redis
        self._keyspace = keyspace
        self._wanted = pads
        self._pad: PadHead | None = None
        self._reader: PadReader | None = None
        self._fault: StoredFault | None = None

    async def take(self, entry: Entry) -> Compared | None:
        """Takes the next entry. Returns the result for a pad that ends with it, and otherwise None.
        Raises what `UNREACHABLE` lists."""
        if isinstance(entry, PadHead):
            wanted = self._wanted is None or entry.pad in self._wanted
            self._pad, self._fault = (entry if wanted else None), None
            if wanted:
                self._reader = await open_reader(self._redis, self._keyspace, entry.pad)
                if self._reader is None:
                    self._fault = StoredFault(
                        entry.pad, -1, -1, "in the backup, and not in this Redis"
                    )
            return None
        if self._pad is None:
            return None
        match entry:
            case Revisions() if self._fault is None and self._reader is not None:
                self._fault = await self._compare(self._pad, self._reader, entry)
            case PadVoid():
                self._pad = None
            case PadDone():
                head = -1 if self._reader is None else self._reader.meta.head
                compared = Compared(self._pad, head, self._fault)
                self._pad = None
                return compared
        return None

    async def _compare(
        self, pad: PadHead, reader: PadReader, entry: Revisions
    ) -> StoredFault | None:
        theirs = entry.revisions()
        last = min(theirs[-1].rev, reader.meta.head)
        try:
            ours = [one async for page in reader.pages(entry.first, last) for one in page]
        except HistoryGap as error:
            return StoredFault(pad.pad, entry.first, theirs[-1].rev, f"not comparable: {error}")
        for one, other in zip(theirs, ours, strict=False):
            # The chain covers what the page sees; comparing the records finds any other difference.
            if one != other:
                return StoredFault(pad.pad, one.rev, pad.head, "the backup is of another history")
        if len(ours) < len(theirs):
            first = theirs[len(ours)].rev
            return StoredFault(pad.pad, first, pad.head, "in the backup, and not in this Redis")
        return None


def unmatched(wanted: Iterable[str], seen: Iterable[str]) -> list[StoredFault]:
    """Returns a fault for each wanted pad that is not in the backup."""
    missing = set(wanted) - set(seen)
    return [StoredFault(pad, -1, -1, "not in the backup") for pad in sorted(missing)]
