"""This module stores revisions as columns: what all of them share is written once, and what follows
from other values is not written at all.

A revision takes some 330 bytes in the stream. Its chain follows from the one before, and all of its
wire form but the changeset follows from the rest; what is left compresses to a third of the size of
rows. Any other record is kept as it is: the output is byte for byte what was put in.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import sub
from typing import Any, Final, NamedTuple, TypeVar

from padfleet.shared.cold.rows import (
    AUTHOR,
    POOL,
    Diverged,
    Row,
    followed,
    records_of,
    rows_of,
)
from padfleet.shared.log.damage import CorruptPad, readable
from padfleet.shared.log.records import chain_of, pack, unpack
from padfleet.shared.wire.jsontext import dumps

MOST_BYTES: Final = 1 << 28
"""The maximum number of bytes of revisions that are restored from the columns of a block. A block
is given about a megabyte, and a single revision may be larger; but a thousand revisions that share
a large pool would fill the memory, and are treated as damage."""

RECORD_BYTES: Final = 200
"""The approximate number of bytes of a record in addition to its changeset and its pool."""

T = TypeVar("T")

_START: Final = b'{"type":"NEW_CHANGES","newRev":'
_CHANGESET: Final = b',"changeset":"'

_NO_FORM: Final = (b"", b"\0", 0)


class Columns(NamedTuple):
    """Consecutive revisions, without the chain that they follow."""

    authors: list[str]  #: each once
    sessions: list[str]
    pools: list[bytes]  #: JSON
    author: list[int]  #: for each revision, an index into `authors`; the lists below follow suit
    session: list[int]
    seq: list[int]  #: the increase since the session's previous revision in these columns
    time: list[int]  #: ms since the previous revision in these columns; for the first, since 1970
    delta: list[int]  #: how `timeDelta` differs from that
    pool: list[int]
    changesets: bytes  #: one per line, as JSON without its quotes
    whole: list[tuple[int, bytes]]  #: the records that do not fit into these columns, by place


def to_columns(
    first: int,
    records: Sequence[bytes],
    chain: bytes,
    rows: Sequence[Row] | None = None,
    exact: bool = False,
) -> tuple[Columns, bytes]:
    """Returns the columns, and the chain after the last record. `chain` is the one before the
    first. Raises `CorruptPad` for a record that does not follow, or is not a record.

    `rows` has the unpacked records, if it is already known that they follow. With `exact`, it is
    known, too, that they pack into these records.
    """
    with readable(f"what was to be put from revision {first} on"):
        if rows is None:
            rows = rows_of(records)
            try:
                chain = followed(first, rows, chain)
            except Diverged as error:
                raise CorruptPad(
                    f"what was to be put belongs to another history: {error}"
                ) from error
        elif rows:
            chain = rows[-1][4]
        plain = (exact or records_of(rows) == list(records)) and _of_plain(first, rows)
        return plain or _of_any(first, records), chain


def _of_plain(first: int, rows: Sequence[Row]) -> Columns | None:  # noqa: C901
    """Returns the columns of ordinary edits, the same that `_of_any` makes in three times the time,
    or None if there is anything else among the records."""
    if not rows:
        return None
    authors, times, sessions, seqs, _, wires = zip(*rows, strict=True)
    if {*map(type, authors), *map(type, sessions)} != {str}:
        return None
    if {*map(type, times), *map(type, seqs)} != {int}:
        return None
    pools: dict[bytes, int] = {}
    pool_of: list[int] = []
    deltas: list[int] = []
    changesets: list[bytes] = []
    forms: dict[str, tuple[bytes, bytes, int]] = {}
    begins = len(b"%b%d%b" % (_START, first, _CHANGESET))
    longer = 10 ** len(str(first))  #: the next revision whose number has one more digit
    before = 0
    for rev, (author, time, wire) in enumerate(zip(authors, times, wires, strict=True), first):
        if rev == longer:
            begins, longer = begins + 1, longer * 10
        ends = wire.find(POOL)
        form, after, number = forms.get(author, _NO_FORM)
        if not wire.startswith(after, ends):
            said = b'%b%b,"currentTime":' % (AUTHOR, _said(author))
            pool = wire[ends + len(POOL) : wire.rfind(said)]
            after = POOL + pool + said
            escaped = after.replace(b"%", b"%%")
            form = b'%b%%d%b%%b%b%%d,"timeDelta":%%d}' % (_START, _CHANGESET, escaped)
            number = pools.setdefault(pool, len(pools))
            forms[author] = form, after, number
        changeset = wire[begins:ends]
        delta = passed = time - before
        if wire != form % (rev, changeset, time, delta):
            digits = wire.rpartition(b":")[2][:-1]
            if not digits.removeprefix(b"-").isdigit():
                return None
            delta = int(digits)
            if wire != form % (rev, changeset, time, delta):
                return None
        deltas.append(delta - passed if before else delta)
        before = time
        pool_of.append(number)
        changesets.append(changeset)
    if b"\n" in b"".join(changesets):
        return None
    author_names, author_of = _numbered(authors)
    session_names, session_of = _numbered(sessions)
    return Columns(
        author_names,
        session_names,
        list(pools),
        author_of,
        session_of,
        _differences(session_of, seqs),
        [times[0], *map(sub, times[1:], times)],
        deltas,
        pool_of,
        b"\n".join(changesets),
        [],
    )


def _numbered(named: Sequence[str]) -> tuple[list[str], list[int]]:
    """Returns the distinct names in the order in which they first occur, and for each item the
    index of its name."""
    names = list(dict.fromkeys(named))
    if len(names) == 1:
        return names, [0] * len(named)
    numbers = {name: number for number, name in enumerate(names)}
    return names, [numbers[name] for name in named]


def _differences(of: Sequence[int], seqs: Sequence[int]) -> list[int]:
    """Returns for each number its difference from the last one of the same session."""
    last: dict[int, int] = {}
    found = []
    for which, seq in zip(of, seqs, strict=True):
        found.append(seq - last.get(which, 0))
        last[which] = seq
    return found


def _of_any(first: int, records: Sequence[bytes]) -> Columns:
    """Returns the columns of any records that follow each other."""
    columns = Columns([], [], [], [], [], [], [], [], [], b"", [])
    # These map each value to its index, in the order in which they occur.
    authors: dict[str, int] = {}
    sessions: dict[str, int] = {}
    pools: dict[bytes, int] = {}
    seqs: dict[str, int] = {}
    changesets: list[bytes] = []
    before = 0
    for place, record in enumerate(records):
        author, time, session, seq, _, wire = fields = unpack(record)
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
    )


def put_together(pieces: Sequence[tuple[int, Columns]]) -> Columns:
    """Returns the columns of revisions that follow each other, as `to_columns` would make them of
    all at once, for a fraction of the cost. Each piece comes with the number of its revisions.
    Raises ValueError, or what else damage may lead to, if the pieces are not columns."""
    made = Columns([], [], [], [], [], [], [], [], [], b"", [])
    authors: dict[str, int] = {}
    sessions: dict[str, int] = {}
    pools: dict[bytes, int] = {}
    seqs: dict[int, int] = {}  #: the last number, by session
    changesets: list[bytes] = []
    at = before = 0
    for count, piece in pieces:
        made.author.extend(_renumbered(piece.author, piece.authors, authors))
        made.pool.extend(_renumbered(piece.pool, piece.pools, pools))
        own = list(_renumbered(piece.session, piece.sessions, sessions))
        made.session.extend(own)
        seq, last = list(piece.seq), dict[int, int]()
        for place, (session, more) in enumerate(zip(own, piece.seq, strict=True)):
            if session not in last:
                seq[place] -= seqs.get(session, 0)
            last[session] = last.get(session, 0) + more
        seqs |= last
        made.seq.extend(seq)
        time, delta = list(piece.time), list(piece.delta)
        if time and before:
            time[0] -= before
            delta[0] -= time[0]
        before = sum(time, before)
        made.time.extend(time)
        made.delta.extend(delta)
        if own:
            changesets.append(piece.changesets)
        made.whole.extend((at + place, record) for place, record in piece.whole)
        at += count
    return made._replace(
        authors=list(authors),
        sessions=list(sessions),
        pools=list(pools),
        changesets=b"\n".join(changesets),
    )


def size_of(columns: Columns, count: int) -> int:
    """Returns about how many bytes these revisions take as records."""
    sizes = [len(pool) for pool in columns.pools]
    pools = sum(sizes[number] for number in columns.pool)
    whole = sum(len(record) for _, record in columns.whole)
    return RECORD_BYTES * count + len(columns.changesets) + pools + whole


def _renumbered(numbers: Sequence[int], named: Sequence[T], known: dict[T, int]) -> Sequence[int]:
    """Translates indices into `named` to indices into `known`, and adds to `known` what it
    lacks."""
    places = [known.setdefault(thing, len(known)) for thing in named]
    if min(numbers, default=0) < 0:
        raise ValueError("a number below 0")
    return numbers if places == list(range(len(named))) else [places[number] for number in numbers]


def from_columns(
    first: int, count: int, columns: Columns, chain: bytes, skipped: int = 0
) -> tuple[list[bytes], bytes]:
    """Returns the records as they were, without the first `skipped` ones, and the chain after the
    last. `chain` is the one before the first record that is returned. Raises `CorruptPad` if these
    are not the columns of that many revisions."""
    records: list[bytes] = []
    size = 0
    with readable(f"what there is from revision {first} on"):
        rows, whole = _rows(columns), dict(columns.whole)
        for place in range(count):
            record = whole.get(place)
            if place < skipped:
                if record is None:
                    _ = _next(rows)
                continue
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
    """Returns changeset, pool and `timeDelta`, if everything else in the wire form is as
    expected."""
    if type(author) is not str or type(time) is not int or b"\n" in wire:
        return None
    start = b'{"type":"NEW_CHANGES","newRev":%d,"changeset":"' % rev
    if not wire.startswith(start):
        return None
    end = b',"author":%b,"currentTime":%d,"timeDelta":' % (_said(author), time)
    changeset, separator, rest = wire[len(start) :].partition(POOL)
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
