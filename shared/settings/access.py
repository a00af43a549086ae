"""This module has the settings that say who may do what. Only a fan-out worker uses them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from padfleet.shared.settings.declare import setting
from padfleet.shared.settings.process import RedisProcessSettings

Auth = Literal["open", "jwt", "hook"]
Expired = Literal["deny", "reconnect"]

_KEYS: Final = (
    "jwt_secret",
    "jwt_secret_file",
    "jwt_public_key_file",
    "jwt_jwks_file",
    "jwt_jwks_url",
)
"""The settings that can give the key with which tokens are verified."""

_OF_MODE: Final[dict[str, tuple[str, ...]]] = {
    "jwt": (*_KEYS, "jwt_audience", "jwt_issuer"),
    "hook": ("hook_url", "hook_secret", "hook_cookies"),
}
"""The settings that mean something only in this mode."""


def problem_with_url(url: str) -> str | None:
    """Returns why nothing can be fetched from this address, or None if something can or the address
    is empty."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # it raises ValueError if the port is invalid
    except ValueError:
        return "not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "not a URL; write https://host/path"
    return None


def _problem_with_name(name: str) -> str | None:
    if name and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
        return None
    return "not a name for a cookie: letters, digits, - and _"


@dataclass(frozen=True, kw_only=True)
class AccessSettings(RedisProcessSettings):
    """Settings of who may do what."""

    auth: Auth = setting(
        "open",
        "who may do what: open lets everybody write on every pad, as Etherpad does by default; "
        "jwt requires a signed token; hook asks a service of yours",
    )
    require_session: bool = setting(
        False,
        "whether only pads of groups may be opened: with open, only with a session of the group "
        "that the HTTP API has made, even for public pads; with jwt and hook, the token or the "
        "service decides",
    )
    edit_only: bool = setting(
        False, "whether pads are created only by the HTTP API, and not by opening them"
    )
    auth_max_lifetime_s: int = setting(
        86_400,
        "maximum time for which a token, or an answer of the hook, may be valid",
        unit="s",
        minimum=1,
        maximum=31_536_000,
    )
    auth_expired: Expired = setting(
        "deny",
        "what happens to a session whose access expires: deny tells its page that access has "
        "ended; reconnect closes the connection, so that the page reconnects by itself, perhaps "
        "with a renewed cookie, and is denied only if that is not valid either",
    )
    jwt_name: str = setting(
        "padfleet_token",
        "name of the cookie, of the field in Socket.IO's handshake auth, and of the query "
        "parameter that may hold the token",
        check=_problem_with_name,
    )
    jwt_secret: str = setting(
        "", "secret that tokens are signed with (HS256), 32 bytes or more", secret=True
    )
    jwt_secret_file: str = setting("", "file with this secret; surrounding white space is ignored")
    jwt_public_key_file: str = setting(
        "", "PEM file with the public key of tokens: RSA (RS256) or Ed25519 (EdDSA)"
    )
    jwt_jwks_file: str = setting("", "file with a JSON Web Key Set; read at start-up")
    jwt_jwks_url: str = setting(
        "", "https:// address of a JSON Web Key Set", secret=True, check=problem_with_url
    )
    jwt_jwks_refresh_s: int = setting(
        300,
        "age at which keys are fetched again; while that fails, the old ones stay in use",
        unit="s",
        minimum=1,
        maximum=86_400,
    )
    jwt_jwks_pause_ms: int = setting(
        10_000,
        "shortest time between two fetches, however many tokens name an unknown key",
        unit="ms",
        minimum=100,
        maximum=3_600_000,
    )
    jwt_audience: str = setting("", "what a token's aud must contain; not checked if empty")
    jwt_issuer: str = setting("", "what a token's iss must be; not checked if empty")
    jwt_leeway_s: int = setting(
        10,
        "time by which the issuer's clock may differ from that of this machine",
        unit="s",
        minimum=0,
        maximum=300,
    )
    hook_url: str = setting(
        "",
        "https:// address of your service, which is asked (POST) at every join",
        secret=True,
        check=problem_with_url,
    )
    hook_secret: str = setting(
        "",
        "secret that identifies the worker to the service: sent as Authorization: Bearer",
        secret=True,
    )
    hook_cookies: tuple[str, ...] = setting(
        (), "names of the client's cookies that are passed on to the service"
    )
    hook_timeout_ms: int = setting(
        2_000,
        "time that the service has to answer before the client is denied",
        unit="ms",
        minimum=10,
        maximum=60_000,
    )
    hook_ttl_ms: int = setting(
        5_000,
        "time for which an answer is reused for the same question; 0 asks each time",
        unit="ms",
        minimum=0,
        maximum=600_000,
    )
    hook_cache: int = setting(
        10_000,
        "maximum number of answers to remember",
        unit="answers",
        minimum=1,
        maximum=1_000_000,
    )
    hook_at_once: int = setting(
        50,
        "maximum number of questions in flight at the same time; further ones wait",
        unit="questions",
        minimum=1,
        maximum=10_000,
    )

    @property
    def everybody_may(self) -> bool:
        """Whether everybody is let in to an ordinary pad."""
        return self.auth == "open" and not self.require_session

    def validate(self) -> Iterator[tuple[str, str]]:
        yield from super().validate()
        # If the mode were forgotten and only a key given, every pad would be open to everybody, and
        # nobody would notice.
        for mode, names in _OF_MODE.items():
            for name in names if self.auth != mode else ():
                if getattr(self, name):
                    yield (
                        name,
                        f"only has a meaning with --auth {mode}, and --auth is {self.auth}: "
                        f"set PADFLEET_AUTH={mode}, or leave this out",
                    )
        given = [name for name in _KEYS if getattr(self, name)]
        if self.auth == "jwt" and len(given) != 1:
            flags = ", ".join("--" + name.replace("_", "-") for name in given or _KEYS)
            yield (
                given[1] if given else "auth",
                f"keys are given in several ways ({flags}): keep only one of them"
                if given
                else f"jwt needs the key of the tokens: give one of {flags}",
            )
        if self.auth == "hook" and not self.hook_url:
            yield "auth", "hook needs the address of your service: give --hook-url https://…"
        if self.hook_secret and urlsplit(self.hook_url).username is not None:
            yield (
                "hook_secret",
                "there are credentials in --hook-url as well: keep only one of the two",
            )
