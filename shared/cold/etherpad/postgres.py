"""This module accesses the table of an Etherpad in PostgreSQL. The driver is needed only for
this."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

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
    TIMEOUT,
    TOO_LONG,
    Decide,
    InTheWay,
    Looked,
    NotText,
    driver,
    in_parts,
    only_where_nothing_is,
    retried,
    sorted_out,
)

_VALUE = f"CASE WHEN octet_length(value) > {MOST_ROW} THEN '{TOO_LONG}' ELSE value END AS value"

_LOOK = (
    f"SELECT (SELECT {_VALUE} FROM store WHERE key = $1) AS value, "  # noqa: S608
    "(SELECT encode(sha256(convert_to(value, 'UTF8')), 'hex') FROM store WHERE key = $2) AS digest"
)
_UNLIKE = (
    "SELECT substr(pad.key, 5) AS pad FROM store pad JOIN store note "
    "ON note.key = 'padfleet:' || substr(pad.key, 5) WHERE pad.key = ANY($1::text[]) "
    "AND strpos(note.value, encode(sha256(convert_to(pad.value, 'UTF8')), 'hex')) = 0"
)
_INSERT = "INSERT INTO store (key, value) SELECT * FROM unnest($1::text[], $2::text[])"
_REPLACE = f"{_INSERT} ON CONFLICT (key) DO UPDATE SET value = excluded.value"

PAD_KEYS = (
    "SELECT key FROM store WHERE key >= $1 AND key < $2 AND key > $3 "
    "AND key LIKE 'pad:%' AND key NOT LIKE '%:%:%' ORDER BY key LIMIT $4"
)
KEYS_WITH = (
    "SELECT key FROM store WHERE key >= $1 AND key < $2 AND starts_with(key, $3) AND value = $4"
)


def bounds_of(start: str) -> tuple[str, str]:
    """Returns a key at or before all keys that begin with `start`, and one after them, by which the
    index finds them. The index has the order of the database's collation, in which such keys need
    not be adjacent: many collations ignore the colon at first. So the bounds are of the word before
    it, and include keys that begin with the word alone. The second one ends with the letter that
    comes late in every alphabet, unlike the next one: in Hawaiian, vowels come first. This function
    is pure."""
    word = start.removesuffix(":")
    return word, word[:-1] + "z"


def driver_url(url: str) -> str:
    """Returns the URL in the form that the driver accepts, as it knows only one of the two
    schemes."""
    return url.replace("postgres://", "postgresql://", 1)


class PostgresTable:
    """Implements `Table`, over as many connections as are in use."""

    def __init__(self, url: str, *, connections: int = 8) -> None:
        """Connects when a connection is first needed. Raises `NoDriver`."""
        self._driver: Any = driver("asyncpg", "PostgreSQL")
        self._url = driver_url(url)
        self._connections = connections
        self._pool: Any = None

    async def get(self, keys: Sequence[str]) -> list[str | None]:
        try:
            rows = await self._fetch(
                f"SELECT key, {_VALUE} FROM store WHERE key = ANY($1::text[])",  # noqa: S608
                list(keys),
            )
        except NotText:
            if len(keys) == 1:
                return [NO_TEXT]
            half = len(keys) // 2
            return [*await self.get(keys[:half]), *await self.get(keys[half:])]
        found: dict[str, str] = {row["key"]: row["value"] for row in rows}
        return [found.get(key) for key in keys]

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        rows = await self._fetch(
            "SELECT key, octet_length(value) AS size FROM store WHERE key = ANY($1::text[])",
            list(keys),
        )
        found: dict[str, int] = {row["key"]: row["size"] for row in rows}
        return [found.get(key) for key in keys]

    async def look(self, whole: str, digest: str) -> Looked:
        (row,) = await self._fetch(_LOOK, whole, digest)
        return Looked(row["value"], row["digest"])

    async def change(self, keys: Sequence[str], decide: Decide) -> None:
        async def once() -> None:
            with self._failing():
                await self._change(keys, decide)

        await retried(once)

    async def _change(self, keys: Sequence[str], decide: Decide) -> None:
        pool = await self._opened()
        async with pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                f"SELECT key, {_VALUE} FROM store WHERE key = ANY($1::text[]) "  # noqa: S608
                "ORDER BY key FOR UPDATE",
                list(keys),
            )
            before: dict[str, str | None] = dict.fromkeys(keys)
            before.update((row["key"], row["value"]) for row in rows)
            change = sorted_out(before, await asyncio.to_thread(decide, before))
            with only_where_nothing_is(self._driver.UniqueViolationError):
                await self._put(connection, change.new, _INSERT)
            await self._put(connection, change.other, _REPLACE)
            if change.gone:
                await connection.execute(
                    "DELETE FROM store WHERE key = ANY($1::text[])", change.gone
                )

    @staticmethod
    async def _put(connection: Any, rows: Mapping[str, str], statement: str) -> None:
        for part in in_parts(rows):
            await connection.execute(
                statement,
                [key for key, _ in part],
                [value for _, value in part],
            )

    async def pad_keys(self, after: str) -> AsyncIterator[str]:
        # The keys come in the order of the database's collation, which is that of its index.
        first, end = bounds_of("pad:")
        while rows := await self._page(first, end, after):
            for row in rows:
                yield row["key"]
            after = rows[-1]["key"]

    async def _page(self, first: str, end: str, after: str) -> list[Any]:
        try:
            return await self._fetch(PAD_KEYS, first, end, after, PAGE)
        except NotText as error:
            raise StoreAway(f"the key of a pad after {after!r} is not UTF-8: {error}") from error

    async def keys_with(self, start: str, value: str) -> list[str]:
        first, end = bounds_of(start)
        rows = await self._fetch(KEYS_WITH, first, end, start, value)
        return [row["key"] for row in rows]

    async def unlike_noted(self, pads: Sequence[str]) -> list[str]:
        try:
            rows = await self._fetch(_UNLIKE, [f"pad:{pad}" for pad in pads])
        except NotText:
            if len(pads) == 1:
                return list(pads)
            half = len(pads) // 2
            return [*await self.unlike_noted(pads[:half]), *await self.unlike_noted(pads[half:])]
        return [row["pad"] for row in rows]

    async def check(self) -> None:
        rows = await self._fetch(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_name = 'store' AND table_schema = ANY(current_schemas(false))"
        )
        types = {row["column_name"]: row["data_type"] for row in rows}
        if not {"key", "value"} <= types.keys():
            raise ValueError(NO_TABLE)
        if types["value"] not in ("text", "character varying"):
            raise ValueError(f"the values of the table `store` are {types['value']}, not text")

    async def aclose(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    async def _fetch(self, query: str, *args: Any) -> list[Any]:
        with self._failing():
            pool = await self._opened()
            return list(await pool.fetch(query, *args))

    async def _opened(self) -> Any:
        if self._pool is None:
            # Statements are not prepared on the server, since a pooler in between gives each one to
            # another connection. As the pool begins without connections, nothing here takes time.
            self._pool = await self._driver.create_pool(
                self._url,
                min_size=0,
                max_size=self._connections,
                command_timeout=TIMEOUT,
                timeout=TIMEOUT,
                statement_cache_size=0,
            )
        return self._pool

    @contextmanager
    def _failing(self) -> Iterator[None]:
        library = self._driver
        try:
            yield
        except (library.SerializationError, library.DeadlockDetectedError) as error:
            raise InTheWay(f"PostgreSQL: {error}") from error
        except library.DiskFullError as error:
            raise StoreFull(f"PostgreSQL takes nothing more: {error}") from error
        except library.ReadOnlySQLTransactionError as error:
            raise StoreReadOnly(f"PostgreSQL takes no changes: {error}") from error
        except (
            library.InvalidAuthorizationSpecificationError,  # passwords, and unknown users
            library.InsufficientPrivilegeError,
        ) as error:
            raise StoreRefuses(f"PostgreSQL: {error}") from error
        except (library.InvalidCatalogNameError, library.UndefinedTableError) as error:
            raise StoreMissing(f"PostgreSQL: {error}") from error
        except library.CharacterNotInRepertoireError as error:
            raise NotText(f"PostgreSQL: {error}") from error
        except library.DataError as error:
            raise ValueError(f"PostgreSQL has no room for it: {error}") from error
        except TimeoutError as error:
            raise StoreAway(f"PostgreSQL has not answered for {TIMEOUT:g} s") from error
        except (library.PostgresError, library.InterfaceError, OSError) as error:
            raise StoreAway(f"PostgreSQL: {error}") from error
