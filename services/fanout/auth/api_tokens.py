"""Bearer tokens for the HTTP API, as an OAuth 2 issuer gives them to a portal for its own
credentials (client credentials): who has one that is right may call everything, as with the key."""

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
    """What a token has to say, beyond its signature, for its bearer to call the API."""

    access: AccessRules
    scope: str = ""  #: a word of `scope` or `scp`; empty: not looked at
    claim: str = ""  #: name=value; likewise


def check_caller(claims: Mapping[str, Any], rules: CallerRules, now: float) -> None:
    """Raises `Denied` for a token that is no caller's; `now` in Unix seconds."""
    expiry(claims, rules.access, now)
    if rules.scope and rules.scope not in _scopes(claims):
        raise Denied("the token has not the scope that calls need", Reason.CLAIMS)
    name, _, value = rules.claim.partition("=")
    if name and value not in _values(claims.get(name)):
        raise Denied("the token has not the claim that calls need", Reason.CLAIMS)


def _scopes(claims: Mapping[str, Any]) -> set[str]:
    """In `scope` they are a text (RFC 8693); in others' `scp`, that or a list."""
    listed = words(claims, "scope") + words(claims, "scp")
    return {word for text in listed for word in text.split(" ")}


def _values(claim: Any) -> list[str]:
    """What a claim is, or has in it, as somebody writes it into a setting."""
    if isinstance(claim, list):
        return [text for one in claim for text in _values(one) if not isinstance(one, list)]
    if isinstance(claim, bool):
        return ["true" if claim else "false"]
    return [str(claim)] if isinstance(claim, str | int) else []


def client_in(claims: Mapping[str, Any]) -> str:
    """What the token says whose it is: the client (RFC 9068, and what issuers had before it), else
    the subject."""
    named = (claims.get(name) for name in ("client_id", "azp", "sub"))
    return next((name for name in named if isinstance(name, str) and name), "")


class CallerTokens:
    """Says whose tokens are right."""

    def __init__(
        self, source: KeySource, rules: CallerRules, http: aiohttp.ClientSession | None = None
    ) -> None:
        """`http` is closed with this."""
        self._source = source
        self._rules = rules
        self._http = http

    async def client_of(self, token: str) -> str | None:
        """What the bearer of this token is called, if it is right; None: it is not."""
        try:
            claims = await verified(self._source, token)
            check_caller(claims, self._rules, time.time())
        except Denied as error:
            metrics.DENIED_CALLERS.labels(error.reason.value).inc()
            log.info("token of a caller refused", extra={"reason": str(error)})
            return None
        return client_in(claims)

    async def start(self) -> None:
        # So that a wrong address is in the log before the first caller is refused for it.
        await self._source.current()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def open_caller_tokens(settings: ApiSettings) -> CallerTokens | None:
    """Within a running loop; None where no tokens are taken. Raises `SettingsError` for keys that
    cannot be used."""
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
