"""This module reads from a running Etherpad, through its HTTP API and its export of `.etherpad`
files."""

import asyncio
import contextlib
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import IO, Any, NamedTuple, Self
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp

from padfleet.shared.bounds import number_of
from padfleet.shared.easysync import from_units
from padfleet.shared.etherpad.answers import content_of, field_of
from padfleet.shared.etherpad.bring import StateThere
from padfleet.shared.etherpad.jsonfile import IndexedFile, open_etherpad_file
from padfleet.shared.etherpad.records import BadRecord
from padfleet.shared.etherpad.source import SourceFailed, check_address, failing
from padfleet.shared.wire.jsontext import loads

VERSION = "1.2.14"
"""The version of the API that is used. Every version in use has the functions that are needed
here."""

TIMEOUT = aiohttp.ClientTimeout(total=600, sock_read=60)

ATTEMPTS = 30
"""How many times a request is tried. By default, Etherpad allows ten exports in a minute and a
half."""

PAUSE = 10.0
"""The seconds before the next attempt, unless the server says how many."""

PUT_OFF = (429, 502, 503)
"""The HTTP statuses after which a request is repeated later."""

SESSION_S = 86_400

MOST_FILE = 2 << 30
"""The maximum size of the `.etherpad` file of a pad, in bytes."""


TOKEN_PATH = "/oidc/token"  # noqa: S105
"""Where an Etherpad of version 2 or newer issues tokens."""

TOKEN_S = 60.0
"""The seconds after which a token of unknown lifetime is renewed."""


class ApiCredentials(NamedTuple):
    """The credentials for an Etherpad's HTTP API: its key, or a client of its OAuth."""

    key: str = ""
    client: str = ""  #: its id; if empty, the key is used
    secret: str = ""  #: of the client
    token_url: str = ""  #: where tokens are issued; if empty, by the Etherpad itself
    scope: str = ""


class ApiTokens:
    """Bearer tokens for a client's own credentials (RFC 6749, 4.4), which are renewed before they
    expire."""

    def __init__(self, base: str, credentials: ApiCredentials, http: aiohttp.ClientSession) -> None:
        self._url = credentials.token_url or base + TOKEN_PATH
        # An Etherpad's own server issues no token without a resource (RFC 8707); it accepts any.
        self._resource = "" if credentials.token_url else base
        self._credentials = credentials
        self._http = http
        self._token = ""
        self._until = 0.0

    async def header(self, *, fresh: bool = False) -> dict[str, str]:
        """Returns the header for a call. `fresh` means that the last token was refused and a new
        one is needed.

        Raises `SourceFailed`.
        """
        if fresh or time.monotonic() >= self._until:
            await self._ask()
        return {"Authorization": f"Bearer {self._token}"}

    async def _ask(self) -> None:
        given = self._credentials
        fields = {"grant_type": "client_credentials"}
        if given.scope:
            fields["scope"] = given.scope
        if self._resource:
            fields["resource"] = self._resource
        login = f"{quote(given.client, safe='')}:{quote(given.secret, safe='')}"
        headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        with failing(self._url, aiohttp.ClientError, TimeoutError):
            async with self._http.post(self._url, data=fields, headers=headers) as response:
                text = await content_of(response)
        try:
            answer = loads(text)
            if response.status != 200:
                why = answer.get("error_description") or answer["error"]
                raise SourceFailed(f"{self._url}: no token for {given.client!r}: {why}")
            self._token = str(answer["access_token"])
            life = number_of(str(answer.get("expires_in", ""))) or TOKEN_S
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SourceFailed(
                f"{self._url}: status {response.status}, and no answer of an OAuth server; "
                "--oauth-token-url says where there is one"
            ) from None
        self._until = time.monotonic() + life * 0.8


class WebSource:
    """Reads pads from an Etherpad.

    async with WebSource.open(url, ApiCredentials(key)) as source:
        for pad in await source.pads():
            async with source.file(pad) as records: ...
    """

    def __init__(self, base: str, credentials: ApiCredentials, http: aiohttp.ClientSession) -> None:
        self._base = base.rstrip("/")
        self._key = credentials.key
        self._tokens = ApiTokens(self._base, credentials, http) if credentials.client else None
        self._http = http
        self._sessions: dict[str, str] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, credentials: ApiCredentials) -> AsyncIterator[Self]:
        """Opens the Etherpad. A user and password in the URL are for a server, or a proxy in front
        of it, that requires them.

        Raises `SourceFailed` if the URL or the credentials cannot be used.
        """
        check_address(url)
        parts = urlsplit(url)
        if not credentials.key and not credentials.client:
            raise SourceFailed(
                "an Etherpad is asked by its HTTP API, with its key: --api-key-file APIKEY.txt; "
                "or, if it uses OAuth instead of a key, as a client of it: --oauth-client "
                "ID --oauth-secret-file FILE"
            )
        if credentials.client and "@" in parts.netloc:
            raise SourceFailed(
                "a server that asks for a user and a password of its own cannot be asked with a "
                "token at the same time: leave one of them out"
            )
        auth = aiohttp.BasicAuth(parts.username, parts.password or "") if parts.username else None
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(timeout=TIMEOUT, auth=auth, cookie_jar=jar) as http:
            source = cls(bare, credentials, http)
            try:
                yield source
            finally:
                await source.forget_sessions()

    async def pads(self) -> list[str]:
        found = field_of(await self._call("listAllPads"), "padIDs", list, self._base)
        return sorted(from_units(str(pad)) for pad in found)

    async def state(self, pad: str) -> StateThere:
        head = await self._call("getRevisionsCount", padID=pad)
        edited = await self._call("getLastEdited", padID=pad)
        return StateThere(
            field_of(head, "revisions", int, self._base),
            field_of(edited, "lastEdited", int, self._base),
        )

    async def read_only_id(self, pad: str) -> str | None:
        found = await self._call("getReadOnlyID", padID=pad)
        return field_of(found, "readOnlyID", str, self._base) if found else None

    @asynccontextmanager
    async def file(self, pad: str) -> AsyncIterator[IndexedFile]:
        """Yields the records of the pad's `.etherpad` file, which is on this machine's disk
        meanwhile."""
        headers = await self._headers_for(pad)
        url = f"{self._base}/p/{quote(pad, safe='')}/export/etherpad"
        with tempfile.TemporaryFile() as file:
            await self._download(url, headers, file)
            yield await open_etherpad_file(file)

    async def _headers_for(self, pad: str) -> dict[str, str]:
        """Returns the headers for the export of a pad. A group pad can only be read with a session,
        so one is created for it."""
        group, dollar, _ = pad.partition("$")
        if not dollar:
            return {}
        if group not in self._sessions:
            author = await self._call("createAuthorIfNotExistsFor", authorMapper="padfleet import")
            made = await self._call(
                "createSession",
                groupID=group,
                authorID=field_of(author, "authorID", str, self._base),
                validUntil=str(int(time.time()) + SESSION_S),
            )
            self._sessions[group] = field_of(made, "sessionID", str, self._base)
        return {"Cookie": f"sessionID={self._sessions[group]}"}

    async def forget_sessions(self) -> None:
        """Deletes the sessions that were created."""
        for session in self._sessions.values():
            with contextlib.suppress(SourceFailed, BadRecord):
                await self._call("deleteSession", sessionID=session)

    async def _call(self, function: str, **fields: str) -> Any:
        """Calls a function of the API. Raises `BadRecord` if the call is refused, which concerns
        only this pad."""
        url = f"{self._base}/api/{VERSION}/{function}"
        status, text = await self._posted(url, fields)
        if status == 401 and self._tokens is not None:
            status, text = await self._posted(url, fields, fresh=True)
        try:
            answer = loads(text)
            code, message, data = answer["code"], answer["message"], answer["data"]
        except (ValueError, KeyError, TypeError):
            raise SourceFailed(
                f"{self._base}: {function}: status {status}, and no answer of an API"
            ) from None
        if code != 0:
            raise BadRecord(f"{function}: {message}")
        return data

    async def _posted(
        self, url: str, fields: dict[str, str], *, fresh: bool = False
    ) -> tuple[int, bytes]:
        if self._tokens is None:
            fields, headers = {"apikey": self._key, **fields}, {}
        else:
            headers = await self._tokens.header(fresh=fresh)
        with failing(self._base, aiohttp.ClientError, TimeoutError):
            async with self._http.post(url, data=fields, headers=headers) as response:
                return response.status, await content_of(response)

    async def _download(self, url: str, headers: dict[str, str], file: IO[bytes]) -> None:
        async def once() -> aiohttp.ClientResponse:
            async with self._http.get(url, headers=headers) as response:
                if response.status == 200:
                    await _store(response, file)
            return response

        response = await self._patiently("export", once)
        if response.status != 200:
            raise BadRecord(f"export: status {response.status}")

    async def _patiently(
        self, what: str, once: Callable[[], Awaitable[aiohttp.ClientResponse]]
    ) -> aiohttp.ClientResponse:
        """Repeats a request until the server does not ask to try again later, and returns its
        answer. Raises `SourceFailed` after `ATTEMPTS` attempts."""
        for _ in range(ATTEMPTS):
            with failing(self._base, aiohttp.ClientError, TimeoutError):
                response = await once()
            if response.status not in PUT_OFF:
                return response
            wait = number_of(response.headers.get("Retry-After"))
            await asyncio.sleep(min(wait, 120) if wait is not None else PAUSE)
        raise SourceFailed(f"{self._base}: {what}: it has put us off {ATTEMPTS} times")


async def _store(response: aiohttp.ClientResponse, file: IO[bytes]) -> None:
    """Writes the body of an answer to a file that is empty then, or has the beginning of another
    answer. Raises `BadRecord` if it is too large, and `SourceFailed` if it cannot be written."""
    try:
        file.seek(0)
        file.truncate()
        async for chunk in response.content.iter_any():
            file.write(chunk)
            if file.tell() > MOST_FILE:
                raise BadRecord(f"export: it is larger than {MOST_FILE >> 30} GB")
        file.flush()
    except OSError as error:
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise
        raise SourceFailed(f"an export cannot be stored here: {error.strerror}") from error
