"""This module makes the HTTP requests that access needs: it fetches small answers from a few
places, and trusts none of them."""

import asyncio
import logging
import socket
from urllib.parse import urlsplit

import aiohttp

from padfleet.shared.settings import mask

log = logging.getLogger(__name__)


class Unavailable(Exception):
    """There is no answer, or none that counts. The text is for the log, and contains no secret."""


RECEIVE_BUFFER = 8192
"""The size of the system's buffer for what arrives on a connection, in bytes; the system doubles
it. All that is in it is parsed in one step of the event loop. It may be a thousand interim answers
(`100 Continue`), which take 15 ms, and would take several times as much in a usual buffer."""


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return made


def open_http(*, at_once: int) -> aiohttp.ClientSession:
    """Returns a session for such requests, at most `at_once` at the same time."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=at_once, socket_factory=_socket),
        # A cookie that was set for one client must not be sent with the next one's question.
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        auto_decompress=False,  # a few bytes could unpack to gigabytes
    )


def warn_of_plain_http(what: str, url: str) -> None:
    """Warns in the log if the URL is plain HTTP, where anybody on the way could answer instead."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
        log.warning(
            "plain HTTP: anybody on the way can replace the keys; use https://",
            extra={"fetched": what, "host": parts.hostname},
        )


async def fetch(
    http: aiohttp.ClientSession,
    url: str,
    *,
    timeout: float,
    limit: int,
    body: bytes | None = None,
    bearer: str = "",
) -> bytes:
    """Returns the answer to a GET or, with a `body` of JSON, to a POST, if its status is 200.

    Redirects are not followed, because the operator decides where keys and rights come from. Raises
    `Unavailable`, also for more than `limit` bytes or after `timeout` seconds.
    """
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    method = "GET" if body is None else "POST"
    place = mask(url)

    async def once() -> bytes:
        if http.closed:
            # The worker stops. aiohttp would raise a RuntimeError, which looks like a fault.
            raise Unavailable(f"{place} is not asked any more")
        async with http.request(
            method, url, data=body, headers=headers, allow_redirects=False
        ) as response:
            return await _content(response, place, limit)

    try:
        async with asyncio.timeout(timeout):
            try:
                return await once()
            except aiohttp.ServerDisconnectedError:
                # Servers close connections that were kept for a while, and may do so while we
                # write to one. A question changes nothing, so it may be asked again.
                return await once()
    except TimeoutError:
        raise Unavailable(f"{place} does not answer within {timeout:g} seconds") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unavailable(f"{place}: {type(error).__name__}: {_why(error)}") from None


async def _content(response: aiohttp.ClientResponse, place: str, limit: int) -> bytes:
    if response.status != 200:
        raise Unavailable(f"{place} answers with status {response.status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unavailable(f"{place} answers compressed, which nobody has asked for")
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > limit:
            raise Unavailable(f"{place} answers with more than {limit} bytes")
    return bytes(content)


def _why(error: Exception) -> str:
    # Among aiohttp's errors, only this one is known to name no more than host and port.
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.strerror or str(error.os_error)
    if isinstance(error, aiohttp.ClientResponseError):
        return "what it answers is not HTTP, or too much of it"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "its answer breaks off, or is not as long as it says"
    return "the connection failed"
