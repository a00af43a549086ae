"""Writes a pad that lies in a cold store as an archive has it, without bringing it into Redis."""

from collections.abc import Callable

from padfleet.shared.archive.entries import (
    ENTRY_BYTES,
    Authors,
    Chat,
    Entry,
    PadDone,
    PadHead,
    PadVoid,
    Revisions,
    Saved,
)
from padfleet.shared.batches import filled, slices
from padfleet.shared.cold.errors import Overwritten
from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.log.damage import CorruptPad

ATTEMPTS = 3
"""A pad that is replaced or deleted while it is read is read again, so many times."""

PAGE = 500


async def take_cold_pad(cold: ColdPads, pad: str, write: Callable[[Entry], None]) -> PadHead | None:
    """Writes the pad's entries; None, and nothing written but what a `PadVoid` takes back, if there
    is no such pad. Raises `CorruptPad`, after a `PadVoid` where something was written, or what
    `UNREACHABLE` lists."""
    for _ in range(ATTEMPTS):
        found = await cold.read(pad)
        if found is None:
            return None
        head = found.state.pad
        write(head)
        try:
            async for revisions in cold.revisions(pad, head.epoch, 0, head.head):
                first = revisions.first
                for records in filled(revisions.records, len, ENTRY_BYTES):
                    write(Revisions(first, records))
                    first += len(records)
        except Overwritten:
            write(PadVoid())
            continue
        except CorruptPad:
            write(PadVoid())
            raise
        for messages in slices(found.chat, PAGE):
            write(Chat([(name, list(flat)) for name, flat in messages]))
        for values in slices(found.saved, PAGE):
            write(Saved(list(values)))
        for authors in slices(found.authors, PAGE):
            write(Authors([(name, list(flat)) for name, flat in authors]))
        write(PadDone())
        return head
    return None
