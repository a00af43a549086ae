"""Says where `padfleet import` finds the pads of an Etherpad, by its settings. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

_SCHEMES: Final = {"mysql": "mysql", "postgres": "postgresql", "postgrespool": "postgresql"}

_PASSWORD: Final = re.compile(r"([^&=]*pass[^&=]*=)[^&]*", re.IGNORECASE)
"""An option of an address that is a password, as `password` or `tlsCertificateKeyFilePassword`."""


def import_source(settings: Mapping[str, Any]) -> str | None:
    """Returns what `padfleet import` needs for this Etherpad's database, with PASSWORD in place of
    the password; None if it cannot read databases of that type, or the settings make no address."""
    try:
        return _source(settings)
    except ValueError:
        return None


def _source(settings: Mapping[str, Any]) -> str | None:
    kind = str(settings.get("dbType") or "dirty")
    given = settings.get("dbSettings")
    if isinstance(given, str):
        given = {"connectionString": given}
    # Whatever else there is in place of a text or a number says nothing.
    given = {
        name: value
        for name, value in (given.items() if isinstance(given, dict) else ())
        if isinstance(value, str | int)
    }
    if kind == "dirty":
        return str(given.get("filename") or "var/dirty.db")
    if kind == "sqlite" and given.get("filename"):
        return str(given["filename"])
    if kind == "couch":
        name = quote(str(given.get("database") or "etherpad"), safe="")
        user = quote(str(given.get("user") or ""), safe="")
        login = f"{user}:PASSWORD@" if user else ""
        return f"couchdb://{login}{_place(given, 5984)}/{name}"
    if kind == "mongodb":
        return _mongo(given)
    if kind == "redis":
        return _hidden(str(given.get("url") or f"redis://{_place(given, 6379)}/0"))
    if kind in _SCHEMES and (url := str(given.get("connectionString") or "")):
        return f"{_SCHEMES[kind]}://{_hidden(url).rpartition('://')[2]}"
    if kind in _SCHEMES:
        port = {"mysql": 3306, "postgresql": 5432}[_SCHEMES[kind]]
        user = quote(str(given.get("user") or "etherpad"), safe="")
        secret = ":PASSWORD" if given.get("password") else ""
        name = quote(str(given.get("database") or "etherpad"), safe="")
        return f"{_SCHEMES[kind]}://{user}{secret}@{_place(given, port)}/{name}"
    return None


def _mongo(given: Mapping[str, Any]) -> str:
    """Returns the address as given, with the database and the collection that are set
    separately."""
    parts = urlsplit(_hidden(str(given.get("url") or "mongodb://127.0.0.1:27017")))
    name = str(given.get("database") or given.get("dbName") or parts.path.strip("/") or "etherpad")
    query = parts.query
    if (collection := given.get("collection")) and collection != "ueberdb":
        query = f"{query}{'&' if query else ''}collection={quote(str(collection), safe='')}"
    return urlunsplit((parts.scheme, parts.netloc, f"/{quote(name, safe='')}", query, ""))


def _hidden(url: str) -> str:
    """Returns an address with PASSWORD in place of its passwords: the one of its user, and those
    among its options."""
    scheme, _, rest = url.rpartition("://")
    rest, question, query = rest.partition("?")
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    options = _PASSWORD.sub(r"\1PASSWORD", query)
    return f"{scheme}://{user}{':PASSWORD' if colon else ''}{at}{place}{question}{options}"


def _place(given: Mapping[str, Any], usual: int) -> str:
    port = given.get("port") or usual
    return f"{given.get('host') or '127.0.0.1'}:{port}"
