"""Decides who may call the API: a caller with its key, or with a bearer token that grants as
much."""

import hmac
import re
from typing import Any

from aiohttp import web

from padfleet.services.web.api.context import Fields
from padfleet.shared.easysync import to_units
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.settings.passwords import password_of
from padfleet.shared.visit import Bearers

OFF = (
    "the HTTP API is off: give the fan-out workers a key, in PADFLEET_API_KEY or "
    "PADFLEET_API_KEY_FILE, or an issuer of tokens, in PADFLEET_API_JWKS_URL"
)

NO_KEY = "no or wrong API Key"
UNKNOWN_BEARER = "no or wrong OAuth token"

DOTS = 2
"""The number of dots in a JSON Web Token."""

_BEARER = re.compile("[Bb]earer ")


def key_of(settings: FanoutSettings) -> str:
    """Returns the API key, or an empty text if there is none. Raises `SettingsError` if its file
    has none."""
    return password_of(settings.api_key, settings.api_key_file, "--api-key-file")


class Doorkeeper:
    """Refuses calls. Each check returns the reason, or an empty text if the call may go on."""

    def __init__(self, key: str, bearers: Bearers | None) -> None:
        """Takes the accepted credentials. `key` is empty if there is none, and `bearers` is None if
        no tokens are accepted."""
        self._key = key
        self._bearers = bearers

    def at_first_sight(self, asked: Fields) -> str:
        """Returns why a call is refused before anything but its address is looked at."""
        if not self._key and self._bearers is None:
            return OFF
        given = _key_in(asked)
        return NO_KEY if given and not self._is_key(given) else ""

    def knows(self, request: web.Request, fields: Fields) -> bool:
        """Returns whether a call shows the key in its headers or in these parameters. If it does in
        those of its address, nothing else has to be read to know that it may go on."""
        found = _key_in(fields) or fields.get("authorization")
        return self._is_key(found or request.headers.get("apikey") or _bearer(request))

    async def client_of(self, request: web.Request) -> str | None:
        """Returns the name of the client whose token grants everything; None if the call has no
        token. The token is taken only from the header `Authorization`, since addresses end up in
        logs."""
        token = _bearer(request)
        # The header may hold the API key instead, which is not a token.
        is_one = token.count(".") == DOTS and not self._is_key(token)
        if self._bearers is None or not is_one:
            return None
        return await self._bearers.client_of(token)

    def needs_no_body(self) -> str:
        """Returns why a call without a token is refused, whatever its body contains."""
        return "" if self._key else UNKNOWN_BEARER

    def in_the_end(self, request: web.Request, given: Fields) -> str:
        """Returns why a call without a token is refused after it has been read."""
        return "" if self.knows(request, given) else NO_KEY

    def _is_key(self, found: object) -> bool:
        if not isinstance(found, str) or not self._key:
            return False
        return hmac.compare_digest(
            found.encode("utf-8", "surrogatepass"),
            to_units(self._key).encode("utf-8", "surrogatepass"),
        )


def _key_in(fields: Fields) -> Any:
    return fields.get("apikey") or fields.get("api_key")


def _bearer(request: web.Request) -> str:
    """Returns the content of the header `Authorization`, with or without `Bearer` before it."""
    return _BEARER.sub("", request.headers.get("Authorization", ""), count=1)
