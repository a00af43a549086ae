"""This module removes an author from what the cold store has of a pad, without bringing the pad
into Redis."""

from padfleet.shared.archive.entries import Revisions, flat
from padfleet.shared.cold.errors import Overwritten, StoreAway
from padfleet.shared.cold.pads import ColdAppend, ColdPads, Mark
from padfleet.shared.log.changes.erasure import STUB, without_author

ATTEMPTS = 20
"""How many times an erasure is attempted. An attempt fails only if the pad was moved, or something
was appended to it, in that instant."""

_STUB = [item.encode() for pair in STUB.items() for item in pair]


async def take_out_of(cold: ColdPads, pad: str, author: str) -> tuple[int, Mark | None]:
    """Removes the author from the pad. Returns how many of the pad's chat messages were theirs and
    now have no author, and the mark by which the store says where the pad is; the mark is None if
    there is no such pad. Raises `CorruptPad`, or what `UNREACHABLE` lists."""
    for _ in range(ATTEMPTS):
        found = await cold.read(pad)
        if found is None:
            return 0, None
        chat = []
        for name, items in found.chat:
            fields = dict(zip(items[::2], items[1::2], strict=False))
            nobodys = without_author(fields, author)
            if nobodys is not None:
                chat.append((name, flat(nobodys)))
        his = [(name, _STUB) for name, items in found.authors if name == author and items != _STUB]
        if not chat and not his:
            return 0, found.head.mark
        nothing_new = Revisions(found.head.head + 1, [])
        part = ColdAppend(found.state, nothing_new, chat, None, his)
        try:
            await cold.append(pad, found.head, part, found.head.mark)
        except Overwritten:
            continue
        return len(chat), found.head.mark
    raise StoreAway(f"pad {pad!r} keeps moving between Redis and the cold store: try again")
