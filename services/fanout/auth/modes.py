"""Opens the mode of access that `PADFLEET_AUTH` names."""

from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.auth.hook_access import hook_access
from padfleet.services.fanout.auth.open_access import OpenAccess
from padfleet.services.fanout.auth.token_access import token_access
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.settings import AccessSettings


def open_mode(
    settings: AccessSettings,
    redis: Redis,
    keyspace: Keyspace,
    cookie_prefix: str,
    visitors_kept_ms: int = 0,
) -> Access:
    """Opens the access that the settings ask for. It has to be called within a running event loop.

    Raises `SettingsError` for a key that cannot be used.
    """
    if settings.auth == "jwt":
        return token_access(settings)
    if settings.auth == "hook":
        return hook_access(settings)
    return OpenAccess(
        redis,
        keyspace,
        cookie_prefix,
        visitors_kept_ms,
        require_session=settings.require_session,
    )
