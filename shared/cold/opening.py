"""This module opens the cold store that the settings name, and makes a Redis bring pads from it."""

from padfleet.shared.cold.pads import ColdPads
from padfleet.shared.cold.thawing import PATIENCE, Thawing
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings.cold_url import names_none


def open_pads(url: str, *, known: bool = False) -> ColdPads:
    """Returns the pads of a cold store, without sending it anything yet. `known` says that it was
    used before, so that a missing directory is not created.

    Raises ValueError, which says what is wrong with the URL, or `StoreAway` if it is already clear
    that the store cannot be used: the directory is not writable, or a library is not installed.
    """
    # Imported only when needed, since drivers are large and most processes need just one of them.
    scheme = url.strip().partition("://")[0]
    if scheme in ("postgresql", "postgres", "mysql", "mariadb"):
        from padfleet.shared.cold.etherpad.pads import open_etherpad

        return open_etherpad(url.strip())
    from padfleet.shared.cold.layout.pads import ObjectPads
    from padfleet.shared.cold.stores.opening import open_store, parse_cold_url

    return ObjectPads(open_store(parse_cold_url(url), known=known))


def cold_of(redis: Redis) -> ColdPads | None:
    """Returns the cold store from which pads are brought into this Redis, or None if there is
    none."""
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
    """Makes `redis` bring pads that it does not have from the cold store. Returns None if the
    settings name no cold store. The other arguments are those of `Thawing`; the caller has to close
    `Thawing.cold`. Raises what `open_pads` raises."""
    if names_none(url):
        return None
    cold = open_pads(url, known=known)
    thawing = Thawing(redis, keyspace, cold, patience_s=patience_s, trusting_s=trusting_s)
    redis.elsewhere = thawing
    redis.register = getattr(thawing.cold, "register", None)
    return thawing
