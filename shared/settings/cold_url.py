"""This module says which cold stores may be named. Whoever opens one interprets the rest of its
URL."""

from typing import Final

from padfleet.shared.settings.redis_url import mask

SCHEMES: Final = ("file", "s3", "gs", "az", "postgresql", "postgres", "mysql", "mariadb")

NONE: Final = "none"
"""The word for no cold store, where one would be used by default."""


def problem_with_cold(url: str) -> str | None:
    """Returns why a text is refused as the URL of a cold store, or None if it is accepted. Repeats
    nothing that could be a password."""
    scheme, separator, rest = url.strip().partition("://")
    if not url.strip() or url.strip() == NONE:
        return None
    if not separator or scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        return f"not a cold store's URL; it begins with {known}"
    return None if rest else "it does not say where the store is"


def names_none(url: str) -> bool:
    """Returns whether a setting says that there is no cold store, or is empty."""
    return url.strip() in ("", NONE)


def agreed_name(url: str) -> str | None:
    """Returns the name by which a fleet knows the store of this URL, without a password; empty if
    it has none. Returns None if whoever starts the process has decided to do without a store."""
    url = url.strip()
    if url == NONE:
        return None
    return url.rstrip("/") if holds_no_password(url) else mask(url)


def url_for_tools(ours: str, fleets: str) -> str:
    """Returns the URL of the store that a command uses; empty for none. Its own setting comes
    first, and otherwise what the fleet says. Raises ValueError if that has a password, which the
    fleet does not tell.

    Arguments:
        ours: the command's own setting.
        fleets: the name that the fleet has for its store; empty if it has none.
    """
    if ours.strip():
        return "" if names_none(ours) else ours.strip()
    if fleets and not holds_no_password(fleets):
        raise ValueError(
            f"pads of this fleet are kept in {fleets}: set PADFLEET_COLD_URL as its processes have "
            "it, or to none, to do without them"
        )
    return fleets


def holds_no_password(url: str) -> bool:
    """Returns whether the name of a store, as `agreed_name` returns it, is enough to open it. The
    credentials for files and for the cloud services' buckets come from the environment; those of a
    database are in its URL."""
    return url.partition("://")[0] in ("file", "s3", "gs", "az")
