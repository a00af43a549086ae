"""Translates an Etherpad's settings.json for a fleet. Pure.

For each setting that differs from Etherpad's default, `judge_settings` says what becomes of it, and
which setting of padfleet corresponds to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple

from padfleet.shared.settings import FanoutSettings
from padfleet.shared.settings.declare import specs

Kind = Literal["same", "set", "else", "page", "none"]

MEANINGS: Final[dict[Kind, str]] = {
    "same": "padfleet does the same, nothing is to be set",
    "set": "a setting of padfleet stands for it",
    "else": "padfleet does it in another way",
    "page": "concerns Etherpad's own pages: it holds as long as Etherpad serves them",
    "none": "padfleet has nothing of the kind",
}


class SettingVerdict(NamedTuple):
    """What becomes of one of Etherpad's settings."""

    kind: Kind
    name: str
    found: str  #: its value, shortened and without secrets
    what: str
    environ: tuple[tuple[str, str], ...] = ()  #: names and values of padfleet's settings


class NotReadable(ValueError):
    """The file is not a settings.json. The text says where and why."""


# --- Reading -------------------------------------------------------------------------------------

# Strings are matched as a whole, so that what looks like a comment in one stays.
# A string or a comment without an end reaches to the end of the file, so that a file of nothing but
# beginnings is read once.
_TOKENS = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)|,(?=\s*[}\]])', re.DOTALL
)
_VARIABLE = re.compile(r"\$\{([^:}]*)(:([^}]*))?\}")
LONGEST = 10_000_000


def read_settings(text: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings, with what Etherpad would substitute for `${NAME:default}`. Raises
    `NotReadable`."""
    if len(text) > LONGEST:
        raise NotReadable(f"longer than {LONGEST:,} characters")
    plain = _TOKENS.sub(lambda found: found[0] if found[0][0] == '"' else "", text)
    # After a comment was removed, a comma may be the last one in its object.
    plain = _TOKENS.sub(lambda found: found[0] if found[0][0] == '"' else "", plain)
    try:
        found = _filled(json.loads(plain), environ)
    except RecursionError:
        raise NotReadable("its objects are nested too deeply") from None
    except ValueError as error:
        raise NotReadable(f"no JSON, even without its comments: {error}") from error
    if not isinstance(found, dict):
        raise NotReadable("no object: it has to begin with {")
    return found


def _filled(value: Any, environ: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {name: _filled(each, environ) for name, each in value.items()}
        case list():
            return [_filled(each, environ) for each in value]
        case str() if (found := _VARIABLE.fullmatch(value)) is not None:
            return _as_etherpad_reads(environ.get(found[1], found[3]))
    return value


def _as_etherpad_reads(text: str | None) -> Any:
    """Converts numbers, booleans and null in values from the environment."""
    if text is None or text in ("null", "undefined"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text):
        return float(text) if "." in text else int(text)
    return text


# --- Judging -------------------------------------------------------------------------------------

_Made = tuple[Kind, str, tuple[tuple[str, str], ...]]
Judge = Callable[[Any], _Made]


def _is(kind: Kind, what: str) -> Judge:
    return lambda _: (kind, what, ())


def _sets(name: str, text: Callable[[Any], str] = str, what: str = "") -> Judge:
    return lambda value: ("set", what, ((name, text(value)),))


def _switch(value: Any) -> str:
    return "true" if value is True else "false"


def _if_on(judge: Judge, off: str = "off here too") -> Judge:
    return lambda value: judge(value) if value else ("same", off, ())


def _database(value: Any) -> _Made:
    return (
        "else",
        f"the fleet keeps pads in Redis; {_shortened(repr(value))} is imported from: see below",
        (),
    )


def _rate(count: Any, time: Any, *, per: int) -> int | None:
    """Returns how often it is `per` so much time, at least once, or None if that cannot be said."""
    if not isinstance(count, int | float) or not isinstance(time, int | float) or time <= 0:
        return None
    with suppress(ValueError, OverflowError):
        return max(1, round(count * per / time))
    return None


def _per_minute(value: Any) -> _Made:
    value = value if isinstance(value, dict) else {}
    most, window = value.get("max", 10), value.get("windowMs", 90_000)
    if (rate := _rate(most, window, per=60_000)) is None:
        return "else", "imports are limited by author and address (docs/limits.md)", ()
    return (
        "set",
        "imports only; exports have turns",
        (("PADFLEET_IMPORTS_PER_MINUTE_PER_ADDRESS", str(rate)),),
    )


def _commits(value: Any) -> _Made:
    value = value if isinstance(value, dict) else {}
    points, duration = value.get("points", 10), value.get("duration", 1)
    if (rate := _rate(points, duration, per=1)) is None:
        return "else", "edits are limited by author (docs/limits.md)", ()
    return (
        "set",
        "of an author, where Etherpad counts by address",
        (("PADFLEET_COMMITS_PER_SECOND", str(rate)),),
    )


def _proxy(value: Any) -> _Made:
    if not value:
        return "same", "no proxy's word is taken", ()
    return (
        "set",
        "name your proxies, and no others: what they say of clients is believed",
        (("PADFLEET_TRUSTED_PROXIES", "127.0.0.1/32"),),
    )


def _socket(value: Any) -> _Made:
    size = value.get("maxHttpBufferSize") if isinstance(value, dict) else None
    if not isinstance(size, int):
        return "same", "", ()
    return "set", "", (("PADFLEET_MAX_MESSAGE_BYTES", str(size)),)


def _cookie(value: Any) -> _Made:
    prefix = value.get("prefix") if isinstance(value, dict) else None
    if isinstance(prefix, str) and prefix:
        return "set", "so that people stay who they are", (("PADFLEET_COOKIE_PREFIX", prefix),)
    return "same", "", ()


def _erasure(value: Any) -> _Made:
    if not isinstance(value, dict) or not value.get("enabled"):
        return "same", "off here too", ()
    return "set", "for anonymizeAuthor", (("PADFLEET_AUTHOR_ERASURE", "true"),)


def _authentication(value: Any) -> _Made:
    if not value:
        return "same", "everybody may write, as there", ()
    what = "PADFLEET_AUTH=jwt or hook ask your login instead (docs/security.md)"
    return "else", what, ()


_SPECS: Final = {spec.env: spec for spec in specs(FanoutSettings)}
_LEVELS: Final = {"DEBUG": "debug", "INFO": "info", "WARN": "warning", "ERROR": "error"}


def _level(value: Any) -> str:
    return _LEVELS.get(str(value).upper(), "info")


_PAGE = _is("page", "")
_DOCUMENTS = _is("else", "docx, odt and PDF with padfleet[documents], without another program")
_ITS_OWN = _is("page", "Etherpad's admin pages, if you keep it")

JUDGES: Final[dict[str, Judge]] = {
    "dbType": _database,
    "dbSettings": _is("else", "see dbType"),
    "defaultPadText": _sets("PADFLEET_DEFAULT_PAD_TEXT", what="of pads made from now on"),
    "requireSession": _if_on(_sets("PADFLEET_REQUIRE_SESSION", _switch)),
    "editOnly": _if_on(_sets("PADFLEET_EDIT_ONLY", _switch)),
    "importMaxFileSize": _sets("PADFLEET_IMPORT_MAX_BYTES"),
    "importExportRateLimiting": _per_minute,
    "commitRateLimiting": _commits,
    "trustProxy": _proxy,
    "socketIo": _socket,
    "cookie": _cookie,
    "port": _sets("PADFLEET_PORT"),
    "ip": _sets("PADFLEET_HOST"),
    "loglevel": _sets("PADFLEET_LOG_LEVEL", _level),
    "logLayoutType": _is("else", "PADFLEET_LOG_FORMAT: text for people, json for machines"),
    "enableMetrics": _is("else", "for Prometheus, on the operators' port"),
    "allowPadDeletionByAllUsers": _if_on(_sets("PADFLEET_PAD_DELETION_BY_ALL", _switch)),
    "enablePadWideSettings": _sets("PADFLEET_PAD_WIDE_SETTINGS", _switch),
    "requireAuthentication": _authentication,
    "requireAuthorization": _authentication,
    "authenticationMethod": _is("else", "the API takes its key: PADFLEET_API_KEY_FILE=APIKEY.txt"),
    "users": _is("else", "there are no users with passwords: PADFLEET_AUTH, PADFLEET_FLEET_TOKEN"),
    "sso": _is("else", "your provider's tokens are taken: PADFLEET_AUTH=jwt"),
    "ssl": _if_on(_is("else", "TLS is the balancer's (deploy/balancer)")),
    "publicURL": _is("else", "the name goes into PADFLEET_HOSTS"),
    "socketTransportProtocols": _is("same", "WebSocket and polling"),
    "ipLogging": _is("same", "no addresses are logged"),
    "disableIPlogging": _is("same", "no addresses are logged"),
    "allowUnknownFileEnds": _is("same", "a file's content says what it is"),
    "exposeVersion": _is("same", "not told to clients"),
    "soffice": _if_on(_DOCUMENTS),
    "abiword": _if_on(_DOCUMENTS),
    "docxExport": _if_on(_DOCUMENTS),
    "suppressErrorsInPadText": _is("same", "errors are never put into a pad"),
    "lowerCasePadIds": _if_on(_is("none", "let the balancer redirect")),
    "automaticReconnectionTimeout": _is("same", "pages come back by themselves"),
    "minify": _PAGE,
    "maxAge": _PAGE,
    "title": _PAGE,
    "favicon": _PAGE,
    "socialMeta": _PAGE,
    "skinName": _PAGE,
    "skinVariants": _PAGE,
    "padOptions": _is("page", "padfleet's own page takes them from its address (docs/page.md)"),
    "padShortcutEnabled": _PAGE,
    "toolbar": _PAGE,
    "scrollWhenFocusLineIsOutOfViewport": _PAGE,
    "indentationOnNewLine": _PAGE,
    "customLocaleStrings": _PAGE,
    "privacyBanner": _PAGE,
    "privacy": _PAGE,
    "showRecentPads": _PAGE,
    "enableDarkMode": _PAGE,
    "enablePluginPadOptions": _PAGE,
    "showSettingsInAdminPage": _ITS_OWN,
    "enableAdminUITests": _ITS_OWN,
    "adminOpenAPI": _ITS_OWN,
    "adminEmail": _ITS_OWN,
    "updates": _ITS_OWN,
    "updateServer": _ITS_OWN,
    "mail": _ITS_OWN,
    "cleanup": _is("else", "old revisions are packed; PADFLEET_PAD_COMPACTION allows compactPad"),
    "gdprAuthorErasure": _erasure,
    "loadTest": _is("same", "etherpad-load-test needs no setting"),
    "dumpOnUncleanExit": _is("none", "each process says in its log why it ends"),
}

_LONGEST_SHOWN: Final = 40

_SECRET: Final = frozenset({"dbSettings", "users", "sso", "mail", "adminOpenAPI"})
_LOGIN: Final = re.compile(r"(://)[^/@\s]*@")
_PLUGIN: Final = re.compile("ep_[a-z0-9_]+")


def judge_settings(settings: Mapping[str, Any]) -> Iterator[SettingVerdict]:
    """Yields what becomes of each setting, in their order."""
    for name, value in settings.items():
        judge = JUDGES.get(name)
        if judge is not None:
            kind, what, environ = judge(value)
        elif _PLUGIN.fullmatch(name):
            kind, environ = "page", ()
            what = (
                "a plugin's: what runs in pages goes on, what runs in Etherpad's server does not "
                "see edits (docs/etherpad-compat.md, docs/hooks.md)"
            )
        else:
            kind, what, environ = "none", "not known to this version of padfleet", ()
        kind, what, environ = _fitting(kind, what, environ)
        yield SettingVerdict(kind, _shortened(name), _shortened(_shown(name, value)), what, environ)


def _shown(name: str, value: Any) -> str:
    """Returns a value without secrets. Of what is not known, anything but a switch or a number may
    be one; there may be others in objects, and in addresses before the host."""
    if name in _SECRET or (name not in JUDGES and isinstance(value, str)):
        return "…"
    if isinstance(value, dict | list) and value:
        return "{…}" if isinstance(value, dict) else "[…]"
    if isinstance(value, str):
        value = _LOGIN.sub(r"\1…@", value)
    return json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _fitting(kind: Kind, what: str, environ: tuple[tuple[str, str], ...]) -> _Made:
    """Returns the verdict without values with which padfleet would not start; those are named."""
    kept = []
    for name, value in environ:
        spec = _SPECS[name]
        try:
            spec.parse(value)
            kept.append((name, value))
        except ValueError as error:
            kind, what = (
                "else",
                f"{name}={_shortened(value)} is not taken: {error}; {spec.accepted()}",
            )
    return kind, what, tuple(kept)
