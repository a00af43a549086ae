"""Revisions as columns: what is the same in all of them is written once, and what follows from
others not at all.

A revision has some 330 bytes in the stream. Its chain follows from the one before, and of its wire
form all but the changeset follows from the rest; what is left compresses to a third of what rows
do. Any other record is kept as it is: what comes out is byte for byte what went in.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

from padfleet.shared.log.damage import CorruptPad, readable
from padfleet.shared.log.document import chain_of
from padfleet.shared.log.records import pack, unpack
from padfleet.shared.wire.jsontext import dumps

MOST_BYTES: Final = 1 << 28
"""Bytes of the revisions that are made out of the columns of a block. A megabyte or so is put into
one, and a revision may be larger; but a thousand that share a large pool would fill the memory,
which is damage."""

T = TypeVar("T")

_POOL: Final = b'","apool":'


class Columns(NamedTuple):
    """Revisions in a row, but for the chain that they follow."""

    authors: list[str]  #: each once
    sessions: list[str]
    pools: list[bytes]  #: JSON
    author: list[int]  #: of each revision, which it is; likewise below
    session: list[int]
    seq: list[int]  #: how many more than the session's last one in here
    time: list[int]  #: ms since the revision before in here; of the first, since 1970
    delta: list[int]  #: how `timeDelta` differs from that
    pool: list[int]
    changesets: bytes  #: JSON without its quotes, a line each
    whole: list[tuple[int, bytes]]  #: by place: the records that do not fit in here


def to_columns(first: int, records: Sequence[bytes], chain: bytes) -> tuple[Columns, bytes]:
    """The columns, and the chain after the last record. `chain` is the one before the first. Raises
    `CorruptPad` for a record that does not follow, or is none."""
    columns = Columns([], [], [], [], [], [], [], [], [], b"", [])
    # Each thing with its number, in the order in which they come.
    authors: dict[str, int] = {}
    sessions: dict[str, int] = {}
    pools: dict[bytes, int] = {}
    seqs: dict[str, int] = {}
    changesets: list[bytes] = []
    before = 0
    with readable(f"what was to be put from revision {first} on"):
        for place, record in enumerate(records):
            author, time, session, seq, says, wire = fields = unpack(record)
            chain = chain_of(chain, wire)
            if chain != says:
                raise CorruptPad(f"revision {first + place} belongs to another history")
            parted = _parted(first + place, author, time, wire)
            plain = type(session) is str and type(seq) is int and pack(fields) == record
            if parted is None or not plain:
                columns.whole.append((place, record))
                continue
            changeset, pool, delta = parted
            columns.author.append(authors.setdefault(author, len(authors)))
            columns.session.append(sessions.setdefault(session, len(sessions)))
            columns.seq.append(seq - seqs.get(session, 0))
            seqs[session] = seq
            columns.time.append(time - before)
            columns.delta.append(delta - (time - before if before else 0))
            before = time
            columns.pool.append(pools.setdefault(pool, len(pools)))
            changesets.append(changeset)
    return columns._replace(
        authors=list(authors),
        sessions=list(sessions),
        pools=list(pools),
        changesets=b"\n".join(changesets),
    ), chain


def from_columns(
    first: int, count: int, columns: Columns, chain: bytes
) -> tuple[list[bytes], bytes]:
    """The records as they were, and the chain after the last. `CorruptPad`: these are no columns of
    so many revisions."""
    records: list[bytes] = []
    size = 0
    with readable(f"what there is from revision {first} on"):
        rows, whole = _rows(columns), dict(columns.whole)
        for place in range(count):
            record = whole.get(place)
            if record is None:
                author, time, session, seq, changeset, pool, delta = _next(rows)
                said = _said(author)
                wire = (
                    b'{"type":"NEW_CHANGES","newRev":%d,"changeset":"%b","apool":%b,"author":%b,'
                    b'"currentTime":%d,"timeDelta":%d}'
                    % (first + place, changeset, pool, said, time, delta)
                )
                chain = chain_of(chain, wire)
                record = pack((author, time, session, seq, chain, wire))
            else:
                chain = chain_of(chain, unpack(record)[5])
            size += len(record)
            if size > MOST_BYTES:
                raise CorruptPad(f"revision {first + place} and those before it are too large")
            records.append(record)
        if next(rows, None) is not None:
            raise CorruptPad(f"there are more revisions than {count} from {first} on")
    return records, chain


def _next(rows: Iterator[T]) -> T:
    for row in rows:
        return row
    raise ValueError("there are fewer revisions than there have to be")


@lru_cache(maxsize=1024)
def _said(text: str) -> bytes:
    return dumps(text).encode()


def _parted(rev: int, author: Any, time: Any, wire: bytes) -> tuple[bytes, bytes, int] | None:
    """Changeset, pool and `timeDelta`, if all else in it is what it has to be."""
    if type(author) is not str or type(time) is not int or b"\n" in wire:
        return None
    start = b'{"type":"NEW_CHANGES","newRev":%d,"changeset":"' % rev
    if not wire.startswith(start):
        return None
    end = b',"author":%b,"currentTime":%d,"timeDelta":' % (_said(author), time)
    changeset, separator, rest = wire[len(start) :].partition(_POOL)
    pool, found, delta = rest.rpartition(end)
    if not (separator and found):
        return None
    digits = delta[:-1]
    if not digits.removeprefix(b"-").isdigit() or b"%d}" % int(digits) != delta:
        return None
    return changeset, pool, int(digits)


def _rows(columns: Columns) -> Iterator[tuple[str, int, str, int, bytes, bytes, int]]:
    changesets = columns.changesets.split(b"\n") if columns.author else []
    seqs: dict[int, int] = {}
    before = 0
    for author, session, seq, passed, more, pool, changeset in zip(
        columns.author,
        columns.session,
        columns.seq,
        columns.time,
        columns.delta,
        columns.pool,
        changesets,
        strict=True,
    ):
        if min(author, session, pool) < 0:
            raise ValueError("a number below 0")
        seqs[session] = seqs.get(session, 0) + seq
        delta = more + (passed if before else 0)
        before += passed
        yield (
            columns.authors[author],
            before,
            columns.sessions[session],
            seqs[session],
            changeset,
            columns.pools[pool],
            delta,
        )
