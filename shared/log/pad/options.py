"""This module handles the settings of a pad for everybody who opens it ("padoptions"), which are
kept in its meta hash as JSON."""

import re
from collections.abc import Mapping
from typing import Any

from padfleet.shared.bounds import MOST_WORD, PLUGIN_KEY_BYTES, PLUGINS_BYTES
from padfleet.shared.log.connection import scripts
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import PadKeys
from padfleet.shared.log.pad.announcements import Relayed, relayed
from padfleet.shared.log.pad.chat import NoPad
from padfleet.shared.wire.jsontext import dumps, loads

_PLUGIN_KEY = re.compile(r"ep_[a-z0-9_]+")

CHANGE_ATTEMPTS = 10


class OptionsContended(Exception):
    """Says that others kept changing the settings meanwhile."""


def normalised(raw: Any) -> dict[str, Any]:
    """Returns the settings with every field that a page reads, of the type that it expects.
    Anything else is dropped, except for plugins' settings (``ep_…``). Accepts any `raw`."""
    given = raw if isinstance(raw, Mapping) else {}
    view = given.get("view")
    view = view if isinstance(view, Mapping) else {}
    lang, font = given.get("lang"), view.get("padFontFamily")
    settings: dict[str, Any] = {
        "enforceSettings": bool(given.get("enforceSettings")),
        "showChat": _unless_said(given, "showChat"),
        "alwaysShowChat": bool(given.get("alwaysShowChat")),
        "chatAndUsers": bool(given.get("chatAndUsers")),
        "lang": lang[:MOST_WORD] if isinstance(lang, str) else None,
        "view": {
            "showAuthorColors": _unless_said(view, "showAuthorColors"),
            "showLineNumbers": _unless_said(view, "showLineNumbers"),
            "rtlIsTrue": bool(view.get("rtlIsTrue")),
            "padFontFamily": font[:MOST_WORD] if isinstance(font, str) else "",
            "fadeInactiveAuthorColors": _unless_said(view, "fadeInactiveAuthorColors"),
        },
    }
    total = 0
    for key, value in given.items():
        if _PLUGIN_KEY.fullmatch(key):
            # The names count as well: otherwise, any number of settings with long names and no
            # values would pass.
            size = len(key) + len(dumps(value).encode())
            if size <= PLUGIN_KEY_BYTES and total + size <= PLUGINS_BYTES:
                total += size
                settings[key] = value
    return settings


def _unless_said(given: Mapping[str, Any], name: str) -> bool:
    """Returns whether an option is on. It is on if no value is given."""
    value = given.get(name)
    return True if value is None else bool(value)


def merged(settings: Mapping[str, Any], change: Any) -> dict[str, Any]:
    """Returns the settings after a change, which contains only what is to be different."""
    given = change if isinstance(change, Mapping) else {}
    view = given.get("view")
    view = view if isinstance(view, Mapping) else {}
    return normalised({**settings, **given, "view": {**settings["view"], **view}})


def parse_options(stored: bytes | None) -> dict[str, Any]:
    """Decodes the settings from the meta hash."""
    try:
        return normalised(loads(stored) if stored else None)
    except ValueError:
        return normalised(None)  # padfleet has not written it, but the pad must open


async def change_options(
    redis: Redis,
    keys: PadKeys,
    change: Any,
    *,
    telling: Relayed | None = None,
    fresh: bool = False,
) -> dict[str, Any]:
    """Merges a change into the pad's settings, announces them, and publishes `telling` afterwards.
    Returns the new settings. A `fresh` pad most likely has no settings yet, so they are not read
    first. Raises `NoPad`, `OptionsContended`, or what `UNREACHABLE` lists."""
    more = [] if telling is None else [relayed(telling)]
    for attempt in range(CHANGE_ATTEMPTS):
        stored: bytes | None = None
        if attempt or not fresh:
            stored = await redis.client.hget(keys.meta, "settings")  # type: ignore[assignment]
        settings = merged(parse_options(stored), change)
        reply = await scripts.SETTINGS(
            redis.client,
            [keys.meta],
            [keys.channel, stored or b"", dumps(settings).encode(), *more],
        )
        if reply == b"ok":
            return settings
        if reply == b"nopad":
            raise NoPad("there is no pad to have settings")
    raise OptionsContended("others kept changing the pad's settings")
