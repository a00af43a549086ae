"""Opens the sources, of several kinds, from which pads are read."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import urlsplit

from padfleet.services.tools.importing.couch import CouchRecords
from padfleet.services.tools.importing.dirty import BrokenLines, DirtyFile, open_dirty
from padfleet.services.tools.importing.mongo import MongoRecords
from padfleet.services.tools.importing.redis_source import RedisRecords
from padfleet.services.tools.importing.sql import MysqlRecords, PostgresRecords
from padfleet.services.tools.importing.sqlite import SqliteRecords, is_sqlite
from padfleet.shared.etherpad.bring import StateThere, state_there
from padfleet.shared.etherpad.jsonfile import open_etherpad_file
from padfleet.shared.etherpad.source import Noted, Records, check_address, pad_ids
from padfleet.shared.etherpad.web import ApiCredentials, WebSource
from padfleet.shared.settings import mask

_SHA256 = re.compile("[0-9a-f]{64}")


SUFFIX = ".etherpad"

_DATABASES = frozenset(("redis", "rediss", "postgres", "postgresql", "mysql", "mariadb"))


class BadSource(Exception):
    """Nothing can be read from this source; the text says why, and what could be given instead."""


class Source(Protocol):
    async def pads(self) -> list[str]: ...

    async def state(self, pad: str) -> StateThere: ...

    async def read_only_id(self, pad: str) -> str | None: ...

    async def deletion(self, pad: str) -> bytes:
        """Returns the hash of the pad's deletion token; empty if it has none, or this is
        unknown."""
        ...

    def records(self, pad: str) -> AbstractAsyncContextManager[Records]: ...

    def take_unreadable(self) -> dict[str, str]:
        """Returns, with the reason for each, the records that were asked for since the last call
        and are not JSON."""
        ...


class Database:
    """The pads in one set of records."""

    def __init__(self, all_records: Records, *, whole: bool) -> None:
        """Takes the records; `whole` says that there may be some that belong to no pad."""
        self.all = Noted(all_records)
        self.whole = whole
        self.broken = all_records.broken if isinstance(all_records, DirtyFile) else BrokenLines()

    async def pads(self) -> list[str]:
        return await pad_ids(self.all)

    async def state(self, pad: str) -> StateThere:
        return await state_there(self.all, pad)

    async def read_only_id(self, pad: str) -> str | None:
        (found,) = await self.all.get([f"pad2readonly:{pad}"])
        return found if isinstance(found, str) and found.startswith("r.") else None

    async def deletion(self, pad: str) -> bytes:
        (found,) = await self.all.get([f"pad:{pad}:deletionToken"])
        hashed = found.get("hash") if isinstance(found, dict) else None
        return hashed.encode() if isinstance(hashed, str) and _SHA256.fullmatch(hashed) else b""

    @asynccontextmanager
    async def records(self, pad: str) -> AsyncIterator[Records]:
        yield self.all

    def take_unreadable(self) -> dict[str, str]:
        return self.all.take_unreadable()


class PadsOverHttp:
    def __init__(self, web: WebSource) -> None:
        self._web = web
        self._unreadable: dict[str, str] = {}

    async def pads(self) -> list[str]:
        return await self._web.pads()

    async def state(self, pad: str) -> StateThere:
        return await self._web.state(pad)

    async def read_only_id(self, pad: str) -> str | None:
        found = await self._web.read_only_id(pad)
        return found if found is not None and found.startswith("r.") else None

    async def deletion(self, pad: str) -> bytes:
        return b""

    @asynccontextmanager
    async def records(self, pad: str) -> AsyncIterator[Records]:
        async with self._web.file(pad) as records:
            noted = Noted(records)
            yield noted
            self._unreadable = noted.take_unreadable()

    def take_unreadable(self) -> dict[str, str]:
        found, self._unreadable = self._unreadable, {}
        return found


@asynccontextmanager
async def open_source(
    where: str, credentials: ApiCredentials
) -> AsyncIterator[Database | PadsOverHttp]:
    """Opens a source. `credentials` are for the HTTP API. Raises `BadSource`, `SourceFailed`,
    `BadRecord`, `NoDriver`, or OSError."""
    scheme = where.partition("://")[0] if "://" in where else ""
    if scheme in ("http", "https"):
        async with WebSource.open(where, credentials) as web:
            yield PadsOverHttp(web)
        return
    records = await _records(where, scheme)
    try:
        yield Database(records, whole=not where.endswith(SUFFIX))
    finally:
        await records.close()


async def _records(where: str, scheme: str) -> Records:
    if scheme in _DATABASES:
        check_address(where)
    match scheme:
        case "redis" | "rediss" | "unix":
            return RedisRecords(where)
        case "postgres" | "postgresql":
            return PostgresRecords(where)
        case "mysql" | "mariadb":
            return MysqlRecords(urlsplit(where))
        case "couchdb" | "couchdbs" | "mongodb" | "mongodb+srv":
            opens = CouchRecords if scheme.startswith("couch") else MongoRecords
            try:
                return opens(urlsplit(where))
            except ValueError as error:
                raise BadSource(f"{mask(where)}: {error}") from error
        case "sqlite":
            return SqliteRecords(Path(where.removeprefix("sqlite://")))
        case "":
            path = Path(where)
            if path.suffix == SUFFIX:
                return await open_etherpad_file(_opened(path))
            return _of_file(path)
    raise BadSource(
        f"{scheme}:// is not a source that pads can be imported from; give http(s)://, redis://, "
        "postgresql://, mysql://, mongodb://, couchdb://, a SQLite file, a dirty.db, or .etherpad "
        "files"
    )


def _of_file(path: Path) -> Records:
    if path.is_dir():
        raise BadSource(f"{path} is a directory without {SUFFIX} files")
    _check_is_file(path)
    return SqliteRecords(path) if is_sqlite(path) else open_dirty(path)


def sources_of(where: str) -> list[str]:
    """Returns the sources that an argument names: a directory stands for the `.etherpad` files in
    it, as `padfleet export` writes them; anything else stands for itself."""
    if "://" in where or not Path(where).is_dir():
        return [where]
    return sorted(str(path) for path in Path(where).glob(f"*{SUFFIX}")) or [where]


def _check_is_file(path: Path) -> None:
    """Raises `BadSource` for a device, or a pipe, from which nothing might ever come; records are
    read in any order, too."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise BadSource(f"{path} is not a file; what comes from a pipe has to be stored first")


def _opened(path: Path) -> IO[bytes]:
    _check_is_file(path)
    return path.open("rb")
