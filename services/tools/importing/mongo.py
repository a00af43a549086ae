"""An Etherpad that keeps its records in MongoDB: a document for each, with the value in it.

The driver is not part of padfleet's own needs: `pip install 'padfleet[import]'`.
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
"""Where an Etherpad keeps them whose settings name none."""

AT_ONCE: Final = 500
"""Values asked for in one command."""

PATIENCE_MS: Final = 10_000
"""Time to find a server in."""


class MongoRecords:
    """``mongodb://user:password@host/database``, or ``mongodb+srv://``; with ``?collection=…``
    where Etherpad's settings name one."""

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
        """As `Records.get`."""
        found: dict[str, Any] = {}
        for part in slices(keys, AT_ONCE):
            with failing(self._where, *self._errors):
                async for document in self._collection.find({"_id": {"$in": list(part)}}):
                    found[document["_id"]] = _value(document.get("value"))
        return [found.get(key) for key in keys]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """As `Records.keys`."""
        wanted = {"_id": {"$gt": prefix, "$lt": behind(prefix)}}
        with failing(self._where, *self._errors):
            async for document in self._collection.find(wanted, {"_id": 1}):
                yield document["_id"]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


def _value(stored: Any) -> Any:
    """What Etherpad has put there. It is JSON; versions that were told otherwise have put the value
    itself."""
    if isinstance(stored, str):
        with suppress(ValueError):
            return loads(stored)
    return loads(json.dumps(stored, default=str))
