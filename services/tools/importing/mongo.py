"""Reads from an Etherpad that stores its records in MongoDB, one document for each.

padfleet does not itself need the driver: `pip install 'padfleet[import]'`.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlunsplit

from padfleet.shared.batches import slices
from padfleet.shared.cold.etherpad.table import driver
from padfleet.shared.etherpad.source import behind, failing
from padfleet.shared.settings import mask
from padfleet.shared.wire.jsontext import loads

COLLECTION: Final = "ueberdb"
"""The collection of an Etherpad whose settings name none."""

AT_ONCE: Final = 500
"""How many values one command asks for."""

PATIENCE_MS: Final = 10_000
"""The time in ms for finding a server."""


class MongoRecords:
    """Reads ``mongodb://user:password@host/database``, or ``mongodb+srv://``; with
    ``?collection=…`` if Etherpad's settings name one."""

    def __init__(self, parts: SplitResult) -> None:
        """Raises `NoDriver`, or ValueError for an address without a database."""
        name = parts.path.strip("/")
        if not name:
            raise ValueError("give the database too: mongodb://user:password@host/DATABASE")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        collection = options.pop("collection", COLLECTION)
        url = urlunsplit(parts._replace(query=urlencode(options)))
        self._where = mask(url)
        self._driver: Any = driver("pymongo", "MongoDB")
        errors = self._driver.errors
        self._errors: tuple[type[Exception], ...] = (errors.PyMongoError, OSError)
        try:
            self._client: Any = self._driver.AsyncMongoClient(
                url, serverSelectionTimeoutMS=PATIENCE_MS
            )
        except errors.PyMongoError as error:
            raise ValueError(f"{self._where}: {error}") from error
        self._collection: Any = self._client[name][collection]

    async def get(self, keys: Sequence[str]) -> list[Any]:
        """Implements `Records.get`."""
        found: dict[str, Any] = {}
        for part in slices(keys, AT_ONCE):
            with failing(self._where, *self._errors):
                async for document in self._collection.find({"_id": {"$in": list(part)}}):
                    found[document["_id"]] = _value(document.get("value"))
        return [found.get(key) for key in keys]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Implements `Records.keys`."""
        wanted = {"_id": {"$gt": prefix, "$lt": behind(prefix)}}
        with failing(self._where, *self._errors):
            async for document in self._collection.find(wanted, {"_id": 1}):
                yield document["_id"]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _value(stored: Any) -> Any:
    """Returns the value that Etherpad has stored. It is JSON, but some versions, if configured so,
    have stored the value itself."""
    if isinstance(stored, str):
        with suppress(ValueError):
            return loads(stored)
    return loads(json.dumps(stored, default=str))
