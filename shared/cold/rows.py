"""This module unpacks records of revisions, many at a time. It is pure.

What write-behind does for each revision takes a busy writer's time. So nothing here creates an
object for each revision, nor parses what is the same as in the previous one.
"""

import json
from collections.abc import Sequence
from typing import Any, Final, Protocol, overload

from msgpack import Packer

from padfleet.shared.log.records import chain_of, unpack

Row = Sequence[Any]
"""The fields of a record: author, time, session, number in it, chain, wire form."""


class Uncopied(Protocol):
    """The interface of whatever keeps revisions until they are copied, see `UncopiedRevisions`."""

    def between(
        self, first: int, last: int, before: bytes, chain: bytes
    ) -> Sequence[Row] | None: ...

    def copied(self, last: int) -> None: ...


POOL: Final = b'","apool":'
"""What stands between the changeset and the pool in a wire form."""

AUTHOR: Final = b',"author":'
"""What follows the pool in a wire form."""


class Diverged(Exception):
    """Some revisions do not follow those that the cold store has."""


def rows_of(records: Sequence[bytes]) -> Sequence[Row]:
    """Returns the records unpacked. Raises ValueError for anything that is not a record."""
    # One call for all of them takes as long as unpacking two of them separately.
    rows: Sequence[Row] = unpack(b"\xdd" + len(records).to_bytes(4, "big") + b"".join(records))
    return rows


def records_of(rows: Sequence[Row]) -> list[bytes]:
    """Returns the records that unpack to these rows."""
    return list(map(Packer(unicode_errors="surrogatepass").pack, rows))


class LaterRecords(Sequence[bytes]):
    """The records that unpack to these rows. They are packed when the first of them is asked for,
    which a store in which they become columns never does."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._packed: list[bytes] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> bytes: ...

    @overload
    def __getitem__(self, place: slice) -> "Sequence[bytes]": ...

    def __getitem__(self, place: int | slice) -> "bytes | Sequence[bytes]":
        if isinstance(place, slice):
            return LaterRecords(self._rows[place])
        if self._packed is None:
            self._packed = records_of(self._rows)
        return self._packed[place]


def wires_of(rows: Sequence[Row]) -> list[bytes]:
    """Returns the wire forms, which are nearly all of the records' bytes."""
    return [row[5] for row in rows]


def followed(first: int, rows: Sequence[Row], chain: bytes) -> bytes:
    """Returns the chain after the last of these revisions, of which the first follows `chain`.
    Raises `Diverged` if one of them does not follow, or ValueError if they are not records."""
    for rev, (_, _, _, _, says, wire) in enumerate(rows, first):
        chain = chain_of(chain, wire)
        if chain != says:
            raise Diverged(f"revision {rev} does not follow what the cold store has")
    return chain


def authors_of(rows: Sequence[Row]) -> set[str]:
    """Returns the authors who made the revisions, and those whose text they bring, imported or
    restored. Raises ValueError, KeyError or TypeError if the rows are not valid."""
    found: set[str] = set()
    last: dict[str, bytes] = {}  #: by author: the last wire form between changeset and author
    known: set[tuple[str, bytes]] = set()  #: all of these so far
    for author, _, _, _, _, wire in rows:
        at = wire.find(POOL)
        if at >= 0 and author in last and wire.startswith(last[author], at):
            continue
        if 0 <= at < (ends := wire.rfind(AUTHOR)):
            last[author] = between = wire[at : ends + len(AUTHOR)]
            if (author, between) in known:
                continue
            known.add((author, between))
        pool: dict[str, list[str]] = json.loads(wire)["apool"].get("numToAttrib", {})
        found.add(author)
        found.update(pair[1] for pair in pool.values() if pair[0] == "author")
    return found - {""}
