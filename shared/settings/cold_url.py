"""Which cold stores may be named. What the rest of such a URL means is for who opens it."""

from typing import Final

from padfleet.shared.settings.redis_url import mask

SCHEMES: Final = ("file", "s3", "gs", "az", "postgresql", "postgres", "mysql", "mariadb")

NONE: Final = "none"
"""Says that there is to be no cold store, where one would be used by default."""


def problem_with_cold(url: str) -> str | None:
    """Why a text is refused as the URL of a cold store; None: it is not. It repeats nothing of what
    could be a password."""
    scheme, separator, rest = url.strip().partition("://")
    if not url.strip() or url.strip() == NONE:
        return None
    if not separator or scheme not in SCHEMES:
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        return f"not a cold store's URL; it begins with {known}"
    return None if rest else "it names no place"


def names_none(url: str) -> bool:
    """Whether a setting says that there is no cold store, or says nothing."""
    return url.strip() in ("", NONE)


def agreed_name(url: str) -> str | None:
    """Under which name a fleet knows the store of this URL, without a password; empty: it has none.
    None where whoever starts the process has decided that it needs none."""
    url = url.strip()
    if url == NONE:
        return None
    return url.rstrip("/") if holds_no_password(url) else mask(url)


def url_for_tools(ours: str, fleets: str) -> str:
    """The URL of the store that a tool uses; empty: none. What it was given itself counts, and else
    what the fleet says. Raises ValueError where that has a password, which the fleet does not tell.

    Arguments:
        ours: its own setting.
        fleets: the name that the fleet has for its store; empty: it has none.
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
    """Whether the name of a store, as `agreed_name` has it, is enough to open it: the services'
    credentials come from the environment, and those of a database stand in its URL."""
    return url.partition("://")[0] in ("file", "s3", "gs", "az")
