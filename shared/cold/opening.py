"""Opens the cold store that the settings name, and makes a Redis bring pads from it."""

from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.thawing import PATIENCE, Thawing
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings.cold_url import names_none


def open_pads(url: str, *, known: bool = False) -> ColdPads:
    """The pads of a cold store, which has not been asked anything yet. `known`: it was used before,
    so that a directory which is not there is not made.

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

    return ObjectPads(open_store(parse_cold_url(url), known=known))


def cold_of(redis: Redis) -> ColdPads | None:
    """The cold store that pads are brought from into this Redis; None: there is none."""
    return redis.elsewhere.cold if isinstance(redis.elsewhere, Thawing) else None


def attach(
    redis: Redis,
    keyspace: Keyspace,
    url: str,
    *,
    known: bool = False,
    patience_s: float = PATIENCE,
    trusting_s: float = 0.0,
) -> Thawing | None:
    """From now on, pads that are not in `redis` are brought from the cold store; None: the settings
    name none. The rest is as for `Thawing`; whoever calls this closes `Thawing.cold`. Raises as
    `open_pads`."""
    if names_none(url):
        return None
    cold = open_pads(url, known=known)
    thawing = Thawing(redis, keyspace, cold, patience_s=patience_s, trusting_s=trusting_s)
    redis.elsewhere = thawing
    redis.register = getattr(thawing.cold, "register", None)
    return thawing
