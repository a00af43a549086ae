"""Reads from an Etherpad that stores its records in CouchDB, one document for each."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from urllib.parse import SplitResult, quote, unquote

import aiohttp

from padfleet.shared.batches import slices
from padfleet.shared.easysync import from_units
from padfleet.shared.etherpad.answers import content_of
from padfleet.shared.etherpad.source import SourceFailed, behind, failing
from padfleet.shared.wire.jsontext import loads

PORT: Final = 5984

PAGE: Final = 1000

MOST_PAGE: Final = 1 << 29
"""The maximum size of an answer, in bytes: the records that are asked for at once."""
"""How many keys one read fetches."""

AT_ONCE: Final = 200
"""How many values one request asks for."""

TIMEOUT: Final = aiohttp.ClientTimeout(total=600, sock_read=60)


class CouchRecords:
    """Reads ``couchdb://user:password@host:5984/database``, or ``couchdbs://`` for TLS."""

    def __init__(self, parts: SplitResult) -> None:
        """Raises ValueError for an address without a database."""
        name = parts.path.strip("/")
        if not name or not parts.hostname:
            raise ValueError("give the database too: couchdb://user:password@host:5984/DATABASE")
        scheme = "https" if parts.scheme == "couchdbs" else "http"
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self._where = f"{scheme}://{host}:{parts.port or PORT}/{quote(unquote(name), safe='')}"
        self._login = (unquote(parts.username or ""), unquote(parts.password or ""))
        self._http: aiohttp.ClientSession | None = None

    async def get(self, keys: Sequence[str]) -> list[Any]:
        """Implements `Records.get`."""
        found: dict[str, Any] = {}
        for part in slices(keys, AT_ONCE):
            for row in await self._rows({"include_docs": "true"}, {"keys": list(part)}):
                doc = row.get("doc")
                if isinstance(doc, dict) and "value" in doc:
                    found[from_units(str(row["key"]))] = doc["value"]
        return [found.get(key) for key in keys]

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Implements `Records.keys`."""
        # Here ids are in the order of their bytes, whatever order views have.
        asked = {"startkey": json.dumps(prefix), "endkey": json.dumps(behind(prefix))}
        asked["limit"] = str(PAGE)
        while rows := await self._rows(asked, None):
            for row in rows:
                key = from_units(str(row["key"]))
                if key.startswith(prefix):
                    yield key
            last = from_units(str(rows[-1]["key"]))
            asked |= {"startkey": json.dumps(last), "skip": "1"}

    async def close(self) -> None:
        """Closes the connections."""
        if self._http is not None:
            await self._http.close()

    async def _rows(self, query: dict[str, str], body: Any) -> list[dict[str, Any]]:
        url = f"{self._where}/_all_docs"
        method = "GET" if body is None else "POST"
        with failing(self._where, aiohttp.ClientError, TimeoutError):
            if self._http is None:
                self._http = aiohttp.ClientSession(timeout=TIMEOUT, headers=_login(*self._login))
            async with self._http.request(method, url, params=query, json=body) as response:
                text = await content_of(response, most=MOST_PAGE)
        try:
            answer = loads(text)
            if response.status == 200:
                return list(answer["rows"])
            why = from_units(f"{answer['error']}: {answer['reason']}")
        except (ValueError, KeyError, TypeError):
            why = "no answer of CouchDB"
        raise SourceFailed(f"{self._where}: status {response.status}: {why}")


def _login(user: str, password: str) -> dict[str, str]:
    if not user:
        return {}
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
