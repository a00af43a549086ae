"""Describes what a batch does to one pad, until it is committed."""

from dataclasses import dataclass, field

from padfleet.services.writer.pads.pad import WriterPad
from padfleet.shared.log.channel_messages import committed_header
from padfleet.shared.log.inboxes.commits import PadPart
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.outcomes import Outcome
from padfleet.shared.log.records import Revision
from padfleet.shared.tracing import SubmissionTrace


@dataclass(slots=True)
class PadBatch:
    keys: PadKeys
    pad: WriterPad
    head: int | None  #: before the batch; None: any head is accepted
    chain: bytes = b""  #: before the batch
    unreadable: str = ""  #: why the pad must not be changed: its entries are refused
    away: str = ""  #: why the pad cannot be read now: senders have to come again
    revisions: list[Revision] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    fences: dict[str, int | None] = field(default_factory=dict)  #: None: the fence is removed
    created: bool = False
    by_opening: bool = False  #: it was created by opening it, and is removed if nobody writes in it
    traces: list[SubmissionTrace] = field(default_factory=list)  #: for the entries that are traced

    @property
    def is_empty(self) -> bool:
        """Returns whether nothing has been done to the pad, and nothing is to be published."""
        return not (self.revisions or self.outcomes or self.fences or self.created)

    @property
    def wrote(self) -> set[str]:
        """Returns the authors who have contributed a revision. A pad's first one comes from opening
        it."""
        return {revision.author for revision in self.revisions if revision.rev > 0}

    def header(self, reign: str) -> bytes:
        first = 0 if self.head is None else self.head + 1
        return committed_header(self.pad.epoch, reign, first, self.outcomes)

    def message(self, reign: str) -> bytes:
        """Returns the message that commit.lua publishes, for publishing it later."""
        records = b"".join(revision.to_record() for revision in self.revisions)
        return b"R" + self.header(reign) + records

    def part(self, reign: str) -> PadPart:
        """Returns the pad's part of a commit."""
        meta: list[str | bytes | int] = []
        if self.revisions:
            # This does not come from the pad: whatever happens to it in memory, the head is what is
            # stored.
            last = self.revisions[-1]
            meta += ["head", last.rev, "chain", last.chain, "time", last.time]
        if self.created:
            meta += ["creator", self.pad.creator, "epoch", self.pad.epoch, "first", 0]
        fences = [
            item
            for author, order in self.fences.items()
            for item in (author, "" if order is None else order)
        ]
        keys = [self.keys.revs, self.keys.meta, self.keys.fences]
        return PadPart(
            keys,
            [
                self.keys.channel,
                "" if self.head is None else self.head,
                self.chain,
                self.header(reign),
                len(self.revisions),
                *(revision.to_record() for revision in self.revisions),
                len(meta) // 2,
                *meta,
                len(self.fences),
                *fences,
            ],
        )
