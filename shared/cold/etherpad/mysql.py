"""This module accesses the table of an Etherpad in MySQL or MariaDB. The driver is needed only for
this.

The driver blocks, so it runs in threads, each with its own connection.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from padfleet.shared.batches import slices
from padfleet.shared.cold.errors import (
    StoreAway,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
    StoreRefuses,
)
from padfleet.shared.cold.etherpad.table import (
    MOST_ROW,
    NO_TABLE,
    NO_TEXT,
    PAGE,
    ROWS,
    TIMEOUT,
    TOO_LONG,
    Decide,
    InTheWay,
    Looked,
    driver,
    in_parts,
    only_where_nothing_is,
    retried,
    sorted_out,
)

T = TypeVar("T")

_LOCKED = {1205, 1213, 1020}  # waited too long, deadlock, changed since it was read (MariaDB)
_FULL = {1021, 1114}  # disk, table
_READ_ONLY = {1290, 1792, 1836}  # the server, the transactions that it begins, InnoDB
_REFUSED = {1044, 1045, 1130, 1142, 1143, 1227, 1698}  # who asks, from where, what they may do
_MISSING = {1049, 1146}  # database, table
_NO_ROOM = {1153, 1366, 1406}  # too large for a packet, the character set or the column

_SETTINGS = (
    # A value that does not fit is refused instead of being cut off.
    "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
    # Rows that do not exist are not locked, since otherwise clients that create different pads
    # would block each other.
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
)


_UNLIKE = (
    "SELECT SUBSTRING(pad.`key`, 5) FROM `store` pad JOIN `store` note "
    "ON note.`key` = CONCAT('padfleet:', SUBSTRING(pad.`key`, 5)) "
    "WHERE LOCATE(SHA2(CONVERT(pad.`value` USING utf8mb4), 256), note.`value`) = 0 "
    "AND pad.`key` IN "
)

_VALUE = f"IF(LENGTH(`value`) > {MOST_ROW}, '{TOO_LONG}', `value`)"


class Layout(NamedTuple):
    """How the table was created, which Etherpad has done in several ways over the years."""

    key: str  #: type of the column
    value: str
    collation: str  #: of the keys; empty if the keys are bytes

    @property
    def binary(self) -> bool:
        return self.key in ("varbinary", "binary", "blob")

    def check(self) -> None:
        """Raises ValueError for a table in which pads cannot be kept."""
        if not self.binary and not self.collation.endswith("_bin"):
            raise ValueError(
                f"the keys of the table `store` are compared by {self.collation}, to which pads "
                "that differ in case alone are one. Etherpad changes that when it starts; or do "
                "ALTER TABLE `store` MODIFY `key` VARCHAR(100) COLLATE utf8mb4_bin NOT NULL"
            )
        if self.value not in ("longtext", "mediumtext", "longblob", "mediumblob"):
            raise ValueError(
                f"the values of the table `store` are {self.value}, which is too short for a pad: "
                "ALTER TABLE `store` MODIFY `value` LONGTEXT NOT NULL"
            )


def driver_options(parts: SplitResult) -> dict[str, Any]:
    """Returns the options that the driver needs, taken from a URL."""
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path.lstrip("/")),
        "charset": parse_qs(parts.query).get("charset", ["utf8mb4"])[0],
    }


class MysqlTable:
    """Implements `Table`. Values are written in ASCII (JSON can express everything in it), which
    every character set includes. Values that were once garbled in a wrong character set thus stay
    distinguishable from what a fleet writes."""

    def __init__(self, url: str, *, connections: int = 4) -> None:
        """Connects when a connection is first needed. Raises `NoDriver`."""
        self._driver: Any = driver("pymysql", "MySQL")
        self._options = {
            **driver_options(urlsplit(url)),
            "connect_timeout": TIMEOUT,
            "read_timeout": TIMEOUT,
            "write_timeout": TIMEOUT,
            "autocommit": True,
        }
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="mysql")
        self._own = threading.local()
        self._all: list[Any] = []
        self._layout: Layout | None = None

    async def get(self, keys: Sequence[str]) -> list[str | None]:
        found = await self._in_thread(lambda connection: self._read(connection, keys, ""))
        return [found[key] for key in keys]

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        def do(connection: Any) -> dict[str | None, int]:
            marks = ", ".join(["%s"] * len(keys))
            rows = self._rows(
                connection,
                f"SELECT `key`, LENGTH(`value`) FROM `store` WHERE `key` IN ({marks})",  # noqa: S608
                [self._key(connection, key) for key in keys],
            )
            return {_text(key): size for key, size in rows}

        found = await self._in_thread(do) if keys else {}
        return [found.get(key) for key in keys]

    async def look(self, whole: str, digest: str) -> Looked:
        def do(connection: Any) -> Looked:
            rows = self._rows(
                connection,
                f"SELECT (SELECT {_VALUE} FROM `store` WHERE `key` = %s), "  # noqa: S608
                "(SELECT SHA2(CONVERT(`value` USING utf8mb4), 256) FROM `store` WHERE `key` = %s)",
                [self._key(connection, whole), self._key(connection, digest)],
            )
            value, found = rows[0]
            return Looked(_text(value), _text(found))

        return await self._in_thread(do)

    async def change(self, keys: Sequence[str], decide: Decide) -> None:
        def once() -> Awaitable[None]:
            return self._in_thread(lambda connection: self._change(connection, keys, decide))

        await retried(once)

    def _change(self, connection: Any, keys: Sequence[str], decide: Decide) -> None:
        connection.begin()
        try:
            before = self._read(connection, sorted(keys), " FOR UPDATE")
            change = sorted_out(before, decide(before))
            with only_where_nothing_is(self._driver.err.IntegrityError):
                self._put(connection, change.new, "")
            self._put(
                connection, change.other, " ON DUPLICATE KEY UPDATE `value` = VALUES(`value`)"
            )
            for part in slices(change.gone, ROWS):
                marks = ", ".join(["%s"] * len(part))
                self._rows(
                    connection,
                    f"DELETE FROM `store` WHERE `key` IN ({marks})",  # noqa: S608
                    [self._key(connection, key) for key in part],
                )
            connection.commit()
        except BaseException:
            with suppress(self._driver.err.Error, OSError):
                connection.rollback()
            raise

    def _read(self, connection: Any, keys: Sequence[str], lock: str) -> dict[str, str | None]:
        found: dict[str, str | None] = dict.fromkeys(keys)
        if keys:
            marks = ", ".join(["%s"] * len(keys))
            rows = self._rows(
                connection,
                f"SELECT `key`, {_VALUE} FROM `store` WHERE `key` IN ({marks}){lock}",  # noqa: S608
                [self._key(connection, key) for key in keys],
            )
            # Where trailing spaces of a key are ignored, the result may include the rows of another
            # pad.
            found.update(
                (name, _text(value)) for key, value in rows if (name := _text(key)) in found
            )
        return found

    def _put(self, connection: Any, rows: Mapping[str, str], conflict: str) -> None:
        for part in in_parts(rows):
            marks = ", ".join(["(%s, %s)"] * len(part))
            values = [x for key, value in part for x in (self._key(connection, key), value)]
            self._rows(
                connection,
                f"INSERT INTO `store` (`key`, `value`) VALUES {marks}{conflict}",  # noqa: S608
                values,
            )

    async def pad_keys(self, after: str) -> AsyncIterator[str]:
        last: str | bytes = after or "pad:"

        def page(connection: Any) -> list[str | bytes]:
            rows = self._rows(
                connection,
                "SELECT `key` FROM `store` WHERE `key` > %s AND `key` < %s "
                "AND `key` NOT LIKE %s ORDER BY `key` LIMIT %s",
                [
                    self._key(connection, last),
                    self._key(connection, "pad;"),
                    self._key(connection, "%:%:%"),
                    PAGE,
                ],
            )
            return [key for (key,) in rows]

        while keys := await self._in_thread(page):
            for key in keys:
                name = _text(key)
                if name and name != NO_TEXT:  # nobody could open a pad of such a name
                    yield name
            last = keys[-1]

    async def keys_with(self, start: str, value: str) -> list[str]:
        def do(connection: Any) -> list[str]:
            # In some tables, values are compared without regard to case, so the results are
            # compared again.
            rows = self._rows(
                connection,
                "SELECT `key`, `value` FROM `store` "
                "WHERE `key` > %s AND `key` < %s AND `value` = %s",
                [self._key(connection, start), self._key(connection, start[:-1] + ";"), value],
            )
            return [_text(key) or "" for key, found in rows if _text(found) == value]

        return await self._in_thread(do)

    async def unlike_noted(self, pads: Sequence[str]) -> list[str]:
        def do(connection: Any) -> list[str]:
            marks = ", ".join(["%s"] * len(pads))
            rows = self._rows(
                connection,
                _UNLIKE + f"({marks})",
                [self._key(connection, f"pad:{pad}") for pad in pads],
            )
            return [_text(row[0]) or "" for row in rows]

        return await self._in_thread(do) if pads else []

    async def check(self) -> None:
        layout = await self._in_thread(self._known_layout)
        layout.check()

    async def aclose(self) -> None:
        def close() -> None:
            for connection in self._all:
                connection.close()

        # Calls that are under way finish first.
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(close)

    # --- In a thread -----------------------------------------------------------------------------

    async def _in_thread(self, do: Callable[[Any], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._with, do)

    def _with(self, do: Callable[[Any], T]) -> T:
        """Calls `do` with this thread's connection, and once more with a new one if the server had
        closed the old one while it was unused."""
        fresh = getattr(self._own, "connection", None) is None
        with self._failing():
            try:
                return do(self._connection())
            except (self._driver.err.OperationalError, self._driver.err.InterfaceError) as error:
                if fresh or error.args[:1] not in ((2006,), (2013,), (4031,), (0,)):
                    self._drop()
                    raise
                self._drop()
                return do(self._connection())
            except OSError:
                self._drop()
                raise

    def _connection(self) -> Any:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._driver.connect(**self._options)
            self._own.connection = connection
            self._all.append(connection)
            for statement in _SETTINGS:
                self._rows(connection, statement, [])
        return connection

    def _drop(self) -> None:
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            self._all.remove(connection)
            connection.close()

    @staticmethod
    def _rows(connection: Any, query: str, args: list[Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(query, args)
            return list(cursor.fetchall())

    def _known_layout(self, connection: Any) -> Layout:
        if self._layout is None:
            rows = self._rows(
                connection,
                "SELECT COLUMN_NAME, DATA_TYPE, COLLATION_NAME FROM information_schema.COLUMNS "
                "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'store'",
                [],
            )
            columns = {_text(row[0]): (_text(row[1]) or "", _text(row[2]) or "") for row in rows}
            if not {"key", "value"} <= columns.keys():
                raise ValueError(NO_TABLE)
            self._layout = Layout(columns["key"][0], columns["value"][0], columns["key"][1])
        return self._layout

    def _key(self, connection: Any, key: str | bytes) -> str | bytes:
        """Returns the key in the type that the column has: with another, the server would not use
        its index."""
        try:
            layout = self._known_layout(connection)
            layout.check()
        except ValueError as error:
            raise StoreAway(f"MySQL: {error}") from error
        return key.encode() if layout.binary and isinstance(key, str) else key

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except self._driver.err.Error as error:
            number, said = error.args[0] if error.args else 0, f"MySQL: {error}"
            if number in _LOCKED:
                raise InTheWay(said) from error
            if number in _FULL:
                raise StoreFull(f"MySQL takes nothing more: {error}") from error
            if number in _READ_ONLY:
                raise StoreReadOnly(f"MySQL takes no changes: {error}") from error
            if number in _REFUSED:
                raise StoreRefuses(said) from error
            if number in _MISSING:
                raise StoreMissing(said) from error
            if number in _NO_ROOM:
                raise ValueError(f"MySQL has no room for it: {error}") from error
            raise StoreAway(said) from error
        except OSError as error:
            raise StoreAway(f"MySQL: {error}") from error


def _text(value: bytes | str | None) -> str | None:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return NO_TEXT
