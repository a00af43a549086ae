"""A running Etherpad, by its HTTP API and its export of `.etherpad` files."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp

from padfleet.shared.bounds import number_of
from padfleet.shared.etherpad.bring import StateThere
from padfleet.shared.etherpad.jsonfile import IndexedFile, open_etherpad_file
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import SourceFailed, failing
from padfleet.shared.wire.jsontext import loads

VERSION = "1.2.14"
"""The version of the API that is asked for. Whatever is wanted of it is in all versions in use."""

TIMEOUT = aiohttp.ClientTimeout(total=600, sock_read=60)

ATTEMPTS = 30
"""How often one request is tried: Etherpad lets ten exports through in a minute and a half, by
default."""

PAUSE = 10.0
"""Seconds before the next attempt, where the server does not say how many."""

SESSION_S = 86_400


class WebSource:
    """async with open_web(url, key) as source:
    for pad in await source.pads():
        async with source.file(pad) as records: ...
    """

    def __init__(self, base: str, key: str, http: aiohttp.ClientSession) -> None:
        self._base = base.rstrip("/")
        self._key = key
        self._http = http
        self._sessions: dict[str, str] = {}

    async def pads(self) -> list[str]:
        return sorted((await self._call("listAllPads"))["padIDs"])

    async def state(self, pad: str) -> StateThere:
        head = (await self._call("getRevisionsCount", padID=pad))["revisions"]
        return StateThere(head, (await self._call("getLastEdited", padID=pad))["lastEdited"])

    async def read_only_id(self, pad: str) -> str | None:
        found = await self._call("getReadOnlyID", padID=pad)
        return str(found["readOnlyID"]) if found else None

    @asynccontextmanager
    async def file(self, pad: str) -> AsyncIterator[IndexedFile]:
        """The pad as an `.etherpad` file, on this machine's disk for as long as it is needed."""
        cookie = await self._session_for(pad)
        headers = {"Cookie": f"sessionID={cookie}"} if cookie else {}
        url = f"{self._base}/p/{quote(pad, safe='')}/export/etherpad"
        with tempfile.TemporaryFile() as file:
            await self._download(url, headers, file)
            yield await open_etherpad_file(file)

    async def _session_for(self, pad: str) -> str | None:
        """The pads of groups open to a session only, so that one is made."""
        group, dollar, _ = pad.partition("$")
        if not dollar:
            return None
        if group not in self._sessions:
            author = await self._call("createAuthorIfNotExistsFor", authorMapper="padfleet import")
            made = await self._call(
                "createSession",
                groupID=group,
                authorID=author["authorID"],
                validUntil=str(int(time.time()) + SESSION_S),
            )
            self._sessions[group] = made["sessionID"]
        return self._sessions[group]

    async def forget_sessions(self) -> None:
        """Takes back those that were made."""
        for session in self._sessions.values():
            with contextlib.suppress(SourceFailed, BadRecord):
                await self._call("deleteSession", sessionID=session)

    async def _call(self, function: str, **fields: str) -> Any:
        """Raises `BadRecord` where the answer is a no, which concerns this pad alone."""
        url = f"{self._base}/api/{VERSION}/{function}"
        with failing(self._base, aiohttp.ClientError, TimeoutError):
            async with self._http.post(url, data={"apikey": self._key, **fields}) as response:
                text = await response.text(errors="replace")
        try:
            answer = loads(text)
            code, message, data = answer["code"], answer["message"], answer["data"]
        except (ValueError, KeyError, TypeError):
            raise SourceFailed(
                f"{self._base}: {function}: status {response.status}, and no answer of an API"
            ) from None
        if code != 0:
            raise BadRecord(f"{function}: {message}")
        return data

    async def _download(self, url: str, headers: dict[str, str], file: IO[bytes]) -> None:
        for _ in range(ATTEMPTS):
            with failing(self._base, aiohttp.ClientError, TimeoutError):
                async with self._http.get(url, headers=headers) as response:
                    if response.status == 200:
                        async for chunk in response.content.iter_chunked(1 << 18):
                            file.write(chunk)
                        return
            if response.status not in (429, 502, 503):
                raise BadRecord(f"export: status {response.status}")
            wait = number_of(response.headers.get("Retry-After"))
            await asyncio.sleep(min(wait, 120) if wait is not None else PAUSE)
        raise SourceFailed(f"{self._base}: export: it has put us off {ATTEMPTS} times")


@asynccontextmanager
async def open_web(url: str, key: str) -> AsyncIterator[WebSource]:
    """User and password in the URL are for a server, or a proxy before it, that asks for them."""
    parts = urlsplit(url)
    auth = aiohttp.BasicAuth(parts.username, parts.password or "") if parts.username else None
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(timeout=TIMEOUT, auth=auth, cookie_jar=jar) as http:
        source = WebSource(bare, key, http)
        try:
            yield source
        finally:
            await source.forget_sessions()
