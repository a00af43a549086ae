"""Opens the cold store that the settings name."""

from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.settings.cold_url import NONE


def names_none(url: str) -> bool:
    """Whether a setting says that there is no cold store."""
    return url.strip() in ("", NONE)


def open_pads(url: str) -> ColdPads:
    """The pads of a cold store, which has not been asked anything yet.

    Raises ValueError with what is wrong with the URL, or `StoreAway` where it is clear already that
    the store cannot be used: a directory that nobody may write, a library that is not installed.
    """
    # Imported when they are wanted: drivers are large, and most processes need one of them.
    scheme = url.strip().partition("://")[0]
    if scheme in ("postgresql", "postgres", "mysql", "mariadb"):
        from padfleet.shared.cold.etherpad.pads import open_etherpad

        return open_etherpad(url.strip())
    from padfleet.shared.cold.layout.pads import ObjectPads
    from padfleet.shared.cold.stores.opening import open_store, parse_cold_url

    return ObjectPads(open_store(parse_cold_url(url)))
