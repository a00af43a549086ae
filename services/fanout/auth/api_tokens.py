"""This module checks bearer tokens for the HTTP API, which an OAuth 2 issuer gives to a portal for
the portal's own credentials (client credentials). The bearer of a valid token may call everything,
just as with the API key."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth.decision import AccessRules, Denied, Reason, expiry, words
from padfleet.services.fanout.auth.jwks import FixedKeys, JwksUrl, KeySource, keys_in_file, verified
from padfleet.services.fanout.auth.web import open_http, warn_of_plain_http
from padfleet.shared.easysync import to_units
from padfleet.shared.settings.api import ApiSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallerRules:
    """The requirements on a token, beyond its signature, whose bearer may call the API."""

    access: AccessRules
    scope: str = ""  #: a word of `scope` or `scp`; empty: not checked
    claim: str = ""  #: name=value; empty: not checked


def check_caller(claims: Mapping[str, Any], rules: CallerRules, now: float) -> None:
    """Checks the claims of a token; `now` is in Unix seconds. Raises `Denied` if its bearer may not
    call the API."""
    expiry(claims, rules.access, now)
    if rules.scope and rules.scope not in _scopes(claims):
        raise Denied("the token has not the scope that calls need", Reason.CLAIMS)
    name, _, value = rules.claim.partition("=")
    if name and value not in _values(claims.get(name)):
        raise Denied("the token has not the claim that calls need", Reason.CLAIMS)


def _scopes(claims: Mapping[str, Any]) -> set[str]:
    """Returns the scopes of a token. In `scope` they are a text (RFC 8693); in `scp`, which some
    issuers use, they are a text or a list."""
    listed = words(claims, "scope") + words(claims, "scp")
    return {word for text in listed for word in text.split(" ")}


def _values(claim: Any) -> list[str]:
    """Returns a claim's value, or the values in it, in the way they are written in a setting."""
    if isinstance(claim, list):
        return [text for one in claim for text in _values(one) if not isinstance(one, list)]
    if isinstance(claim, bool):
        return ["true" if claim else "false"]
    return [str(claim)] if isinstance(claim, str | int) else []


def client_in(claims: Mapping[str, Any]) -> str:
    """Returns whom the token was issued to: the client (RFC 9068, and what issuers had before it),
    or else the subject."""
    named = (claims.get(name) for name in ("client_id", "azp", "sub"))
    return next((name for name in named if isinstance(name, str) and name), "")


class CallerTokens:
    """Verifies callers' tokens."""

    def __init__(
        self, source: KeySource, rules: CallerRules, http: aiohttp.ClientSession | None = None
    ) -> None:
        """Takes the keys and the rules; `http` is closed together with this."""
        self._source = source
        self._rules = rules
        self._http = http

    async def client_of(self, token: str) -> str | None:
        """Returns the name of the token's bearer, or None if the token is not valid."""
        try:
            claims = await verified(self._source, token)
            check_caller(claims, self._rules, time.time())
        except Denied as error:
            metrics.DENIED_CALLERS.labels(error.reason.value).inc()
            log.info("token of a caller refused", extra={"reason": str(error)})
            return None
        return client_in(claims)

    async def start(self) -> None:
        # This puts a wrong address into the log before the first caller is refused because of it.
        await self._source.current()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def open_caller_tokens(settings: ApiSettings) -> CallerTokens | None:
    """Opens the check of tokens, or returns None where no tokens are accepted. It has to be called
    within a running event loop. Raises `SettingsError` for keys that cannot be used."""
    if not settings.api_takes_tokens:
        return None
    access = AccessRules(
        max_lifetime=settings.auth_max_lifetime_s,
        leeway=settings.jwt_leeway_s,
        audience=to_units(settings.api_audience),
        issuer=to_units(settings.api_issuer),
    )
    rules = CallerRules(access, to_units(settings.api_scope), to_units(settings.api_claim))
    if not settings.api_jwks_url:
        found = keys_in_file(settings.api_jwks_file, "--api-jwks-file", secrets=False)
        return CallerTokens(FixedKeys(found), rules)
    warn_of_plain_http("keys of callers", settings.api_jwks_url)
    http = open_http(at_once=1)
    source = JwksUrl(
        http,
        settings.api_jwks_url,
        refresh=settings.jwt_jwks_refresh_s,
        pause=settings.jwt_jwks_pause_ms / 1000,
    )
    return CallerTokens(source, rules, http)
