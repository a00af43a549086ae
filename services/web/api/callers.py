"""Who may call the API: whoever has its key, or a bearer token that is as good."""

import hmac
import re

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
"""In a JSON Web Token."""

_BEARER = re.compile("[Bb]earer ")


def key_of(settings: FanoutSettings) -> str:
    """The API key; empty: there is none. Raises `SettingsError` for a file without one."""
    return password_of(settings.api_key, settings.api_key_file, "--api-key-file")


class Doorkeeper:
    """What keeps a call out. Each method returns why, or an empty text."""

    def __init__(self, key: str, bearers: Bearers | None) -> None:
        """`key`: empty, if there is none; `bearers`: None, if no tokens are taken."""
        self._key = key
        self._bearers = bearers

    def at_first_sight(self, asked: Fields) -> str:
        """Why a call is kept out before anything but its address is looked at."""
        if not self._key and self._bearers is None:
            return OFF
        given = asked.get("apikey") or asked.get("api_key")
        return NO_KEY if given and not self._is_key(given) else ""

    async def client_of(self, request: web.Request) -> str | None:
        """What the bearer is called of a token that opens everything; None: it comes with none. It
        is taken from the header `Authorization` alone, since addresses get into logs."""
        token = _bearer(request)
        # The key may be there instead, and is no token.
        is_one = token.count(".") == DOTS and not self._is_key(token)
        if self._bearers is None or not is_one:
            return None
        return await self._bearers.client_of(token)

    def needs_no_body(self) -> str:
        """Why a call without a token is kept out whatever it has in its body."""
        return "" if self._key else UNKNOWN_BEARER

    def in_the_end(self, request: web.Request, given: Fields) -> str:
        """Why a call without a token is kept out that has been read."""
        found = given.get("apikey") or given.get("api_key") or given.get("authorization")
        found = found or request.headers.get("apikey") or _bearer(request)
        return "" if self._is_key(found) else NO_KEY

    def _is_key(self, found: object) -> bool:
        if not isinstance(found, str) or not self._key:
            return False
        return hmac.compare_digest(
            found.encode("utf-8", "surrogatepass"),
            to_units(self._key).encode("utf-8", "surrogatepass"),
        )


def _bearer(request: web.Request) -> str:
    """What is in the header `Authorization`, with `Bearer` before it or without."""
    return _BEARER.sub("", request.headers.get("Authorization", ""), count=1)
