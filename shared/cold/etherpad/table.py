"""This module defines the interface to a database in which an Etherpad keeps its records: texts by
key."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Final, NamedTuple, Protocol

from padfleet.shared.batches import slices
from padfleet.shared.cold.errors import Overwritten, StoreAway

ROWS = 200
"""The maximum number of rows in one statement."""

PORTION = 16 << 20
"""The maximum number of bytes that are read at once, unless a single row has more."""

BYTES = 1 << 20
"""The maximum number of bytes in one statement, unless a single row has more: servers accept a few
megabytes."""

MOST_ROW: Final = 64 << 20
"""The maximum number of bytes of a row that is read. A pad of 5,000,000 code units and 200,000
attributes, which is what a fleet accepts by default, has at most 50 MB. A longer row stays in the
database: reading it would take more memory than a process has."""

TOO_LONG: Final = "(too long)"
NO_TEXT: Final = "(no text)"
"""What is read in place of the value of a longer row, and of one that is not UTF-8. Neither is
JSON."""

PAGE = 1000
"""How many keys one read of a list fetches."""

ATTEMPTS = 4
"""How often a change is tried when the database says that another change was in its way."""

TIMEOUT = 30
"""How many seconds a statement may take before it is given up. That is half of what Etherpad waits,
and of what a task may take for one step before it counts as stuck."""

NO_TABLE = (
    "the database has no table `store` with a key and a value: name the database that an Etherpad "
    "uses, and start that once if it is new"
)


class RowChange(NamedTuple):
    """What the table is to contain; None means that the row is to be removed."""

    rows: Mapping[str, str | None]


Decide = Callable[[Mapping[str, str | None]], RowChange]
"""A pure function that takes the rows that were asked for (None for one that does not exist) and
returns what these and other rows are to become. If it raises an exception, the change ends and
nothing is done."""


class Looked(NamedTuple):
    """The results for two rows, of which the second is only needed as a digest."""

    value: str | None
    digest: str | None  #: SHA-256 of the row's bytes, in hex; None if there is no such row


class NotText(ValueError):
    """A row is not UTF-8."""


class NoDriver(Exception):
    """The library that is needed to reach the database is not installed."""


class Table(Protocol):
    """The interface to the database. Every call raises `StoreAway` when the database does not
    answer. `change` also raises `StoreFull`, and ValueError for values that do not fit the table's
    columns."""

    async def get(self, keys: Sequence[str]) -> list[str | None]:
        """Returns the values as they are, None for a key that does not exist, `TOO_LONG` for a row
        of more than `MOST_ROW` bytes, and `NO_TEXT` for one that is not UTF-8."""
        ...

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        """Returns how many bytes each value has, or None for a key that does not exist."""
        ...

    async def look(self, whole: str, digest: str) -> Looked:
        """Returns the value of the first key and the digest of the second, both of the same moment.
        Raises `NotText` if the database cannot work out the digest."""
        ...

    async def change(self, keys: Sequence[str], decide: Decide) -> None:
        """Makes a change in one transaction: locks and reads the rows of these keys, and does what
        `decide` says.

        If a row of these keys did not exist and is to be created, but another process creates it
        meanwhile, this raises `Overwritten` and changes nothing. Rows of other keys are replaced if
        they exist.
        """
        ...

    def pad_keys(self, after: str) -> AsyncIterator[str]:
        """Yields the keys of all pads' own records after `after` (empty: from the beginning), one
        page at a time. The order is the database's, and the same each time."""
        ...

    async def keys_with(self, start: str, value: str) -> list[str]:
        """Returns the keys that begin with `start`, which ends with a colon, and have this value.
        Scans all keys with that beginning."""
        ...

    async def unlike_noted(self, pads: Sequence[str]) -> list[str]:
        """Returns those of the given pads (a few hundred) whose own record differs from what their
        note says. The database works this out, so that no records are sent."""
        ...

    async def check(self) -> None:
        """Raises ValueError, which says what to do, for a table in which pads cannot be kept."""
        ...

    async def aclose(self) -> None: ...


def driver(name: str, what: str) -> ModuleType:
    """Returns the module that reaches this database. Raises `NoDriver`."""
    try:
        return __import__(name)
    except ImportError:
        raise NoDriver(
            f"{what} is reached by {name}, which is not here: pip install 'padfleet[import]'"
        ) from None


async def portions(
    table: Table, keys: Sequence[str]
) -> AsyncIterator[tuple[Sequence[str], list[str | None]]]:
    """Yields the keys in portions, each with its rows: at most `ROWS` of them, of `PORTION` bytes
    together unless a single one has more."""
    for part in slices(keys, ROWS):
        sizes = await table.sizes(part)
        begin, total = 0, 0
        for at, size in enumerate(sizes):
            size = min(size or 0, MOST_ROW)
            if total + size > PORTION and at > begin:
                yield part[begin:at], await table.get(part[begin:at])
                begin, total = at, 0
            total += size
        yield part[begin:], await table.get(part[begin:])


def in_parts(rows: Mapping[str, str]) -> Iterator[list[tuple[str, str]]]:
    """Yields the rows in the order of their keys, as many at a time as fit into one statement."""
    part: list[tuple[str, str]] = []
    size = 0
    for key in sorted(rows):
        if part and (len(part) == ROWS or size + len(rows[key]) > BYTES):
            yield part
            part, size = [], 0
        part.append((key, rows[key]))
        size += len(rows[key])
    if part:
        yield part


class Sorted(NamedTuple):
    """A change, sorted by what has to be done for it."""

    gone: list[str]
    new: dict[str, str]  #: rows that must not exist yet
    other: dict[str, str]


def sorted_out(before: Mapping[str, str | None], change: RowChange) -> Sorted:
    """Sorts a change. `before` has the rows that were locked. Rows that stay the same need
    nothing."""
    found = Sorted([], {}, {})
    for key, value in change.rows.items():
        if key in before and before[key] == value:
            continue
        if value is None:
            found.gone.append(key)
        elif key in before and before[key] is None:
            found.new[key] = value
        else:
            found.other[key] = value
    return found


class InTheWay(Exception):
    """The database says that another change was in the way of this one; it has to be tried
    again."""


async def retried(change: Callable[[], Awaitable[None]]) -> None:
    """Makes the change, and tries again each time that another change is in its way. Raises
    `StoreAway` if one always is."""
    for attempt in range(ATTEMPTS):
        try:
            return await change()
        except InTheWay as error:
            if attempt == ATTEMPTS - 1:
                raise StoreAway(str(error)) from error
    raise AssertionError("an attempt that neither ended nor failed")


@contextmanager
def only_where_nothing_is(*errors: type[Exception]) -> Iterator[None]:
    """Turns the errors that say that a row already exists into `Overwritten`."""
    try:
        yield
    except errors as error:
        raise Overwritten("somebody has made the pad at the same moment") from error
