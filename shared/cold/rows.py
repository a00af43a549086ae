"""Records of revisions, unpacked, many at a time. Pure.

What writing behind does for each revision is done on a busy writer's time. So nothing here makes an
object for one, nor reads what the one before had as well.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from padfleet.shared.log.pad.document import chain_of
from padfleet.shared.log.records import unpack

Row = Sequence[Any]
"""The fields of a record: author, time, session, number in it, chain, wire form."""

POOL: Final = b'","apool":'
"""In a wire form, what stands between its changeset and its pool."""

AUTHOR: Final = b',"author":'
"""And what stands behind that."""


class Diverged(Exception):
    """Revisions do not follow those that the cold store has."""


def rows_of(records: Sequence[bytes]) -> Sequence[Row]:
    """Raises ValueError for what are no records."""
    # In one call, which takes as long as to unpack two of them.
    rows: Sequence[Row] = unpack(b"\xdd" + len(records).to_bytes(4, "big") + b"".join(records))
    return rows


def followed(first: int, rows: Sequence[Row], chain: bytes) -> bytes:
    """The chain after the last of these revisions, of which the first follows `chain`. Raises
    `Diverged` if one of them does not follow, or ValueError for what are none."""
    for rev, (_, _, _, _, says, wire) in enumerate(rows, first):
        chain = chain_of(chain, wire)
        if chain != says:
            raise Diverged(f"revision {rev} does not follow what the cold store has")
    return chain


def authors_of(rows: Sequence[Row]) -> set[str]:
    """Who made the revisions, and whose text they bring: from elsewhere, or back again. Raises
    ValueError, KeyError or TypeError for what are none."""
    found: set[str] = set()
    last: dict[str, bytes] = {}  #: by author: what stood behind a changeset, up to the author
    for author, _, _, _, _, wire in rows:
        at = wire.find(POOL)
        if at >= 0 and author in last and wire.startswith(last[author], at):
            continue
        if 0 <= at < (ends := wire.rfind(AUTHOR)):
            last[author] = wire[at : ends + len(AUTHOR)]
        pool: dict[str, list[str]] = json.loads(wire)["apool"].get("numToAttrib", {})
        found.add(author)
        found.update(pair[1] for pair in pool.values() if pair[0] == "author")
    return found - {""}
