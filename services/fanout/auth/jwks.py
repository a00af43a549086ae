"""Where the keys of tokens come from: given at start, or fetched and kept fresh."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import aiohttp

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth import keys, tokens
from padfleet.services.fanout.auth.keys import BadKey, Key, UnknownKey
from padfleet.services.fanout.auth.web import Unavailable, fetch
from padfleet.shared.settings import SettingsError, mask
from padfleet.shared.tasks import awaited

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""Seconds for a fetch. Those who come with an unknown key wait for it."""

LIMIT = 256 * 1024
"""Bytes of a key set; a hundred RSA keys take a fifth of it."""


class KeySource(Protocol):
    async def current(self) -> Sequence[Key]: ...

    async def renewed(self) -> bool:
        """Whether there are newer keys now than a moment ago."""
        ...


async def verified(source: KeySource, token: str) -> dict[str, Any]:
    """What a token says that is signed with one of these keys; newer ones are fetched where it
    names one that is not known. Raises `Denied`."""
    header = tokens.header_of(token)
    try:
        key = keys.choose(await source.current(), *header)
    except UnknownKey:
        if not await source.renewed():
            raise
        key = keys.choose(await source.current(), *header)
    return tokens.claims_of(token, key)


def _usable(document: bytes, *, secrets: bool) -> tuple[list[Key], list[str]]:
    """As `keys.from_jwks`; raises `BadKey` too where none of them can be used."""
    found, passed_over = keys.from_jwks(document, secrets=secrets)
    if not found:
        raise BadKey("no usable key: " + ("; ".join(passed_over) or "it is empty"))
    return found, passed_over


def keys_in_file(path: str, flag: str, *, secrets: bool) -> list[Key]:
    """The usable keys of a file with a JSON Web Key Set; the log says which are not used.

    `flag` names the file for whoever has given it, `secrets` is as for `keys.from_jwks`. Raises
    `SettingsError`.
    """
    try:
        found, passed_over = _usable(Path(path).read_bytes(), secrets=secrets)
    except BadKey as error:
        raise SettingsError([f"{flag}: {path}: {error}"]) from None
    except OSError as error:
        raise SettingsError([f"{flag}: {path}: {error.strerror}"]) from None
    for why in passed_over:
        log.warning("key ignored", extra={"file": path, "why": why})
    return found


class FixedKeys:
    """From a setting or a file. For others, the worker is started anew."""

    def __init__(self, found: Sequence[Key]) -> None:
        self._keys = tuple(found)

    async def current(self) -> Sequence[Key]:
        return self._keys

    async def renewed(self) -> bool:
        return False


class JwksUrl:
    """Fetched when they are wanted and too old, so a worker that nobody comes to asks nobody.

    A key that is no longer published is of no use from the next fetch on. While nothing can be
    fetched the keys stay: else whoever can hold up the issuer could close all pads.
    """

    def __init__(
        self, http: aiohttp.ClientSession, url: str, *, refresh: float, pause: float
    ) -> None:
        """`refresh`: seconds after which keys are too old; `pause`: the least between fetches."""
        self._http = http
        self._url = url
        self._refresh = refresh
        self._pause = pause
        self._keys: tuple[Key, ...] = ()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[bool] | None = None

    async def current(self) -> Sequence[Key]:
        if self._fetched_at is None or monotonic() - self._fetched_at >= self._refresh:
            await self.renewed()
        return self._keys

    async def renewed(self) -> bool:
        if self._fetching is None or self._fetching.done():
            if self._tried_at is not None and monotonic() - self._tried_at < self._pause:
                return False
            self._tried_at = monotonic()
            self._fetching = awaited(self._fetch(), "key set")
        # Shielded: one who leaves while it is under way must not take it from the others.
        return await asyncio.shield(self._fetching)

    async def _fetch(self) -> bool:
        place = mask(self._url)
        try:
            document = await fetch(self._http, self._url, timeout=TIMEOUT, limit=LIMIT)
            found, passed_over = _usable(document, secrets=False)
        except (Unavailable, BadKey) as error:
            metrics.KEY_FETCHES.labels("failed").inc()
            kept = len(self._keys)
            log.warning("keys not fetched", extra={"url": place, "why": str(error), "kept": kept})
            return False
        metrics.KEY_FETCHES.labels("ok").inc()
        self._fetched_at = monotonic()
        before = {key.kid for key in self._keys}
        self._keys = tuple(found)
        if before != {key.kid for key in found}:
            extra = {"url": place, "keys": len(found), "passed_over": "; ".join(passed_over)}
            log.info("keys fetched", extra=extra)
        return True
