"""What is asked of a database in which an Etherpad keeps its records: a table of texts by key."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple, Protocol

from padfleet.shared.cold.errors import Overwritten, StoreAway

ROWS = 200
"""Rows in one statement, at most;"""

BYTES = 1 << 20
"""and bytes in them, but for a row that has more alone: servers take some megabytes at once."""

PAGE = 1000
"""Keys in one read of a list."""

ATTEMPTS = 4
"""How often a change is tried of which the database says that another was in its way."""

TIMEOUT = 60
"""Seconds after which a statement that has not been answered is given up, as by Etherpad."""

NO_TABLE = (
    "the database has no table `store` with a key and a value: name the database that an Etherpad "
    "uses, and start that once if it is new"
)


class RowChange(NamedTuple):
    """What is to be in the table; None: the row is to go."""

    rows: Mapping[str, str | None]


Decide = Callable[[Mapping[str, str | None]], RowChange]
"""Pure: from the rows that were asked for (None: there is none) to what is to become of them, and
of others. What it raises ends the change, and nothing is done."""


class Looked(NamedTuple):
    """Two rows, of the second of which only a sum is wanted."""

    value: str | None
    digest: str | None  #: SHA-256 of the row's bytes, in hex; None: there is no such row


class NoDriver(Exception):
    """What is needed to reach the database is not installed."""


class Table(Protocol):
    """Every call raises `StoreAway` when the database does not answer; `change` also `StoreFull`,
    and ValueError for what it has no room for by its columns."""

    async def get(self, keys: Sequence[str]) -> list[str | None]:
        """The values as they are; None for what is not there."""
        ...

    async def look(self, whole: str, digest: str) -> Looked:
        """The value of the one, and the sum over that of the other, of one moment."""
        ...

    async def change(self, keys: Sequence[str], decide: Decide) -> None:
        """In one transaction: locks and reads the rows of these keys, and does what `decide` says.

        A row of these keys that was not there and is to be must not be there by then either:
        `Overwritten`, and nothing is done. Of other keys, what is there is replaced.
        """
        ...

    def pad_keys(self, after: str) -> AsyncIterator[str]:
        """The keys of all pads' own records behind `after` (empty: all), in an order of the
        database's that is the same each time, a page at a time."""
        ...

    async def keys_with(self, start: str, value: str) -> list[str]:
        """The keys that begin like this, with a colon at its end, and have this value. Goes through
        all that begin so."""
        ...

    async def unlike_noted(self, pads: Sequence[str]) -> list[str]:
        """Those of some hundred pads whose own record is another one than their note says. Worked
        out by the database, so that it costs nothing to send."""
        ...

    async def check(self) -> None:
        """Raises ValueError, with what to do, for a table that pads cannot be kept in."""
        ...

    async def aclose(self) -> None: ...


def driver(name: str, what: str) -> ModuleType:
    """The module by which this database is reached. Raises `NoDriver`."""
    try:
        return __import__(name)
    except ImportError:
        raise NoDriver(
            f"{what} is reached by {name}, which is not here: pip install 'padfleet[import]'"
        ) from None


def in_parts(rows: Mapping[str, str]) -> Iterator[list[tuple[str, str]]]:
    """The rows, in the order of their keys, as many at a time as go into one statement."""
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
    """A change, by what has to be done for it."""

    gone: list[str]
    new: dict[str, str]  #: which must not be there
    other: dict[str, str]


def sorted_out(before: Mapping[str, str | None], change: RowChange) -> Sorted:
    """`before`: the rows that were locked. What is to be as it was needs nothing."""
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
    """Another change was in the way of this one, as the database says: it is to be tried again."""


async def tried_again(change: Callable[[], Awaitable[None]]) -> None:
    """Makes the change, once more each time that another is in its way. Raises `StoreAway` if there
    is always one."""
    for attempt in range(ATTEMPTS):
        try:
            return await change()
        except InTheWay as error:
            if attempt == ATTEMPTS - 1:
                raise StoreAway(str(error)) from error
    raise AssertionError("an attempt that neither ended nor failed")


@contextmanager
def only_where_nothing_is(*errors: type[Exception]) -> Iterator[None]:
    """Makes `Overwritten` of the errors that say that a row is there already."""
    try:
        yield
    except errors as error:
        raise Overwritten("somebody has made the pad at the same moment") from error
