"""Implements the mode `jwt` of `PADFLEET_AUTH`: a signed token says what its bearer may do."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from padfleet.services.fanout.auth import keys
from padfleet.services.fanout.auth.access import Find
from padfleet.services.fanout.auth.decision import (
    AccessRules,
    Denied,
    Grant,
    Permission,
    Reason,
    RequestedPad,
    permission,
)
from padfleet.services.fanout.auth.handshake import Handshake, cookie
from padfleet.services.fanout.auth.jwks import FixedKeys, JwksUrl, KeySource, keys_in_file, verified
from padfleet.services.fanout.auth.keys import BadKey, VerificationKey
from padfleet.services.fanout.auth.web import open_http, warn_of_plain_http
from padfleet.shared.settings import AccessSettings, SettingsError

FETCHES_AT_ONCE = 2


class TokenAccess:
    """A signed token says what its bearer may do. Without one, nothing is even looked up."""

    def __init__(
        self,
        source: KeySource,
        rules: AccessRules,
        name: str,
        http: aiohttp.ClientSession | None = None,
    ) -> None:
        """Opens this mode of access.

        Arguments:
            source: the keys that tokens are verified with.
            rules: what a token has to fulfil beyond its signature.
            name: the name of the cookie and of the query parameter.
            http: a client that is closed together with this.
        """
        self._source = source
        self._rules = rules
        self._name = name
        self._http = http

    async def admit(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        allowed = await self._permission(handshake)
        wanted = await find()
        return wanted, allowed.on(wanted)

    async def look(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        return await self.admit(handshake, message, find)

    async def _permission(self, handshake: Handshake) -> Permission:
        # A token that a script has set takes precedence over what the browser sends by itself.
        found = handshake.token or handshake.query.get(self._name) or cookie(handshake, self._name)
        if not found:
            raise Denied("there is no token", Reason.MISSING)
        return permission(await verified(self._source, found), self._rules, time.time())

    def why_denying(self) -> str:
        return "there are no keys to verify tokens with" if self._source.missing else ""

    async def start(self) -> None:
        # This puts a wrong address into the log before the first client is denied because of it.
        await self._source.current()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def token_access(settings: AccessSettings) -> TokenAccess:
    """Returns this mode as the settings describe it. Raises `SettingsError` for a key that cannot
    be used."""
    rules = AccessRules(
        max_lifetime=settings.auth_max_lifetime_s,
        leeway=settings.jwt_leeway_s,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
    )
    if not settings.jwt_jwks_url:
        return TokenAccess(FixedKeys(_given_keys(settings)), rules, settings.jwt_name)
    warn_of_plain_http("keys", settings.jwt_jwks_url)
    http = open_http(at_once=FETCHES_AT_ONCE)
    source = JwksUrl(
        http,
        settings.jwt_jwks_url,
        refresh=settings.jwt_jwks_refresh_s,
        pause=settings.jwt_jwks_pause_ms / 1000,
    )
    return TokenAccess(source, rules, settings.jwt_name, http)


def _given_keys(settings: AccessSettings) -> list[VerificationKey]:
    flag, path = "--jwt-secret", ""
    try:
        if settings.jwt_secret:
            return [keys.secret_key(settings.jwt_secret.encode())]
        if path := settings.jwt_secret_file:
            flag = "--jwt-secret-file"
            return [keys.secret_key(Path(path).read_bytes().strip())]
        if path := settings.jwt_public_key_file:
            flag = "--jwt-public-key-file"
            return [keys.public_key(Path(path).read_bytes())]
    except BadKey as error:
        raise SettingsError([f"{flag}: {path + ': ' if path else ''}{error}"]) from None
    except OSError as error:
        raise SettingsError([f"{flag}: {path}: {error.strerror}"]) from None
    return keys_in_file(settings.jwt_jwks_file, "--jwt-jwks-file", secrets=True)
