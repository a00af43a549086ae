"""This module provides the keys for tokens, which are either given at start or fetched and kept
fresh."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import aiohttp

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth import keys, tokens
from padfleet.services.fanout.auth.keys import BadKey, UnknownKey, VerificationKey
from padfleet.services.fanout.auth.web import Unavailable, fetch
from padfleet.shared.settings import SettingsError, mask
from padfleet.shared.tasks import awaited

log = logging.getLogger(__name__)

TIMEOUT = 5.0
"""How many seconds a fetch may take. Clients that come with an unknown key wait for it."""

PATIENCE = 0.5
"""How many seconds of a fetch those wait who come with a known key, when it is only due: an issuer
that does not answer must not hold up everybody who comes."""

LIMIT = 256 * 1024
"""How many bytes a key set may have; a hundred RSA keys take a fifth of it."""


class KeySource(Protocol):
    async def current(self) -> Sequence[VerificationKey]: ...

    @property
    def missing(self) -> bool:
        """Whether there should be keys and are none, so that no token can be verified."""
        ...

    async def renewed(self) -> bool:
        """Fetches keys if that is possible, and returns whether there are newer ones now."""
        ...


async def verified(source: KeySource, token: str) -> dict[str, Any]:
    """Returns the claims of a token that is signed with one of these keys. Newer keys are fetched
    if the token names an unknown one, or is signed with none of them: an issuer may change its key
    without a new name. Raises `Denied`."""
    header = tokens.header_of(token)
    try:
        return _claims(await source.current(), header, token)
    except (UnknownKey, tokens.WrongSignature):
        if not await source.renewed():
            raise
    return _claims(await source.current(), header, token)


def _claims(known: Sequence[VerificationKey], header: tokens.Header, token: str) -> dict[str, Any]:
    *others, last = keys.choose(known, *header)
    for key in others:
        with suppress(tokens.WrongSignature):
            return tokens.claims_of(token, key)
    return tokens.claims_of(token, last)


def _usable(document: bytes, *, secrets: bool) -> tuple[list[VerificationKey], list[str]]:
    """Returns what `keys.from_jwks` returns, but raises `BadKey` also if none of the keys can be
    used."""
    found, passed_over = keys.from_jwks(document, secrets=secrets)
    if not found:
        raise BadKey("no usable key: " + ("; ".join(passed_over) or "it is empty"))
    return found, passed_over


def keys_in_file(path: str, flag: str, *, secrets: bool) -> list[VerificationKey]:
    """Returns the usable keys of a file with a JSON Web Key Set; the log says which are not used.

    Arguments:
        path: the path of the file.
        flag: the setting that names the file, for error messages.
        secrets: as for `keys.from_jwks`.

    Raises `SettingsError`.
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
    """Keys from a setting or a file. To change them, the worker has to be restarted."""

    def __init__(self, found: Sequence[VerificationKey]) -> None:
        self._keys = tuple(found)

    async def current(self) -> Sequence[VerificationKey]:
        return self._keys

    @property
    def missing(self) -> bool:
        return not self._keys

    async def renewed(self) -> bool:
        return False


class JwksUrl:
    """Keys from a URL. They are fetched when they are needed and too old, so that a worker without
    clients makes no requests.

    A key that is no longer published cannot be used from the next fetch on. While nothing can be
    fetched, the keys stay valid: otherwise anybody able to block the issuer could close all pads.
    """

    def __init__(
        self, http: aiohttp.ClientSession, url: str, *, refresh: float, pause: float
    ) -> None:
        """Takes the URL and two times in seconds: after `refresh`, keys are too old; and `pause` is
        the least time between two fetches."""
        self._http = http
        self._url = url
        self._refresh = refresh
        self._pause = pause
        self._keys: tuple[VerificationKey, ...] = ()
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[bool] | None = None

    @property
    def missing(self) -> bool:
        return not self._keys and self._tried_at is not None

    async def current(self) -> Sequence[VerificationKey]:
        if self._fetched_at is None:
            await self.renewed()
        elif monotonic() - self._fetched_at >= self._refresh:
            await self._looked_at_again()
        return self._keys

    async def renewed(self) -> bool:
        fetching = self._begun()
        # It is shielded because a client that leaves in the meantime must not cancel the fetch for
        # the others.
        return fetching is not None and await asyncio.shield(fetching)

    async def _looked_at_again(self) -> None:
        """Waits for newer keys, but not for an issuer that takes long to answer."""
        fetching = self._begun()
        if fetching is not None and self._tried_at is not None:
            left = self._tried_at + PATIENCE - monotonic()
            await asyncio.wait({fetching}, timeout=max(0.0, left))

    def _begun(self) -> "asyncio.Task[bool] | None":
        """Returns the fetch that is in progress, or a new one. Returns None if the last one is too
        recent for another."""
        if self._fetching is None or self._fetching.done():
            if self._tried_at is not None and monotonic() - self._tried_at < self._pause:
                return None
            self._tried_at = monotonic()
            self._fetching = awaited(self._fetch(), "key set")
        return self._fetching

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
