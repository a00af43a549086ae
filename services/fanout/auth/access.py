"""This module implements the three modes of `PADFLEET_AUTH`."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from padfleet.services.fanout.auth import keys
from padfleet.services.fanout.auth.answers import AnswerCache
from padfleet.services.fanout.auth.calls import AuthHook
from padfleet.services.fanout.auth.decision import (
    AccessRules,
    Denied,
    Grant,
    Permission,
    Reason,
    RequestedPad,
    permission,
)
from padfleet.services.fanout.auth.group_pads import group_session, session_grant
from padfleet.services.fanout.auth.handshake import Handshake, cookie, is_link, token
from padfleet.services.fanout.auth.hook import question
from padfleet.services.fanout.auth.jwks import FixedKeys, JwksUrl, KeySource, keys_in_file, verified
from padfleet.services.fanout.auth.keys import BadKey, VerificationKey
from padfleet.services.fanout.auth.web import open_http, warn_of_plain_http
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.people.group_sessions import GroupSession
from padfleet.shared.log.people.recognition import author_and_made, known_author, visit_with
from padfleet.shared.settings import AccessSettings, SettingsError
from padfleet.shared.tasks import all_of

log = logging.getLogger(__name__)

Find = Callable[[], Awaitable[RequestedPad]]
"""A function that finds the pad that a client asks for. It raises `Denied`."""

FETCHES_AT_ONCE = 2


class Access(Protocol):
    """The interface that says who may do what. `admit` is called at a join, and again when the
    grant that it returned has expired."""

    async def admit(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        """Returns the pad, and what this client may do there. Raises `Denied`."""
        ...

    async def look(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        """Returns the pad, and what this client may do there, for a client that only fetches
        something and leaves. Nobody becomes an author by that: the grant of somebody who is not an
        author yet has an empty one. Raises `Denied`."""
        ...

    def why_denying(self) -> str:
        """Returns why everybody is denied at present, for reasons that are not theirs; an empty
        text if that is not so."""
        ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...


class OpenAccess:
    """Everybody may write everywhere, as the author whom the browser's author token stands for. On
    the pads of groups a group session counts, which a portal has created by the HTTP API."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        cookie_prefix: str,
        keep_ms: int = 0,
        *,
        require_session: bool = False,
    ) -> None:
        """Opens this mode of access.

        Arguments:
            redis: the connection to Redis.
            keyspace: the keys of the fleet.
            cookie_prefix: what the names of Etherpad's cookies begin with.
            keep_ms: for how many milliseconds authors who contribute nothing are kept; 0 keeps them
                for ever.
            require_session: whether public pads of groups need a session, too.
        """
        self._redis = redis
        self._keyspace = keyspace
        self._cookie_prefix = cookie_prefix
        self._keep_ms = keep_ms
        self._require_session = require_session

    async def admit(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        secret = token(handshake, message, self._cookie_prefix)
        if is_link(message.get("padId")):
            # Finding the pad takes a while, so known authors are recognised in the meantime.
            wanted, known = await all_of(_found(find), known_author(self._redis, secret))
        else:
            wanted, known = await find(), ""
        session = await self._session(handshake, message, wanted)
        if session is not None:
            return wanted, session_grant(session, time.time())
        visit = visit_with(self._redis, secret, self._keep_ms)
        if known:
            return wanted, Grant(known, visit=visit)
        author, made = await author_and_made(self._redis, secret, self._keep_ms)
        return wanted, Grant(author, made=made, visit=visit)

    async def look(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        secret = token(handshake, message, self._cookie_prefix)
        wanted = await find()
        session = await self._session(handshake, message, wanted)
        if session is not None:
            return wanted, session_grant(session, time.time())
        return wanted, Grant(await known_author(self._redis, secret))

    async def _session(
        self, handshake: Handshake, message: Mapping[str, Any], wanted: RequestedPad
    ) -> GroupSession | None:
        names = (f"{self._cookie_prefix}sessionID", "sessionID")
        given = next((found for name in names if (found := cookie(handshake, name))), None)
        given = given or message.get("sessionID")  # older integrations pass it like this
        return await group_session(
            self._redis,
            self._keyspace,
            wanted,
            given if isinstance(given, str) else "",
            required=self._require_session,
        )

    def why_denying(self) -> str:
        return ""

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass


async def _found(find: Find) -> RequestedPad:
    return await find()


class TokenAccess:
    """A signed token says what its bearer may do. Without one, nothing is even looked up."""

    def __init__(
        self,
        source: KeySource,
        rules: AccessRules,
        name: str,
        http: aiohttp.ClientSession | None = None,
    ) -> None:
        """Opens this mode of access.

        Arguments:
            source: the keys that tokens are verified with.
            rules: what a token has to fulfil beyond its signature.
            name: the name of the cookie and of the query parameter.
            http: a client that is closed together with this.
        """
        self._source = source
        self._rules = rules
        self._name = name
        self._http = http

    async def admit(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        allowed = await self._permission(handshake)
        wanted = await find()
        return wanted, allowed.on(wanted)

    async def look(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        return await self.admit(handshake, message, find)

    async def _permission(self, handshake: Handshake) -> Permission:
        # A token that a script has set takes precedence over what the browser sends by itself.
        found = handshake.token or handshake.query.get(self._name) or cookie(handshake, self._name)
        if not found:
            raise Denied("there is no token", Reason.MISSING)
        return permission(await verified(self._source, found), self._rules, time.time())

    def why_denying(self) -> str:
        return "there are no keys to verify tokens with" if self._source.missing else ""

    async def start(self) -> None:
        # This puts a wrong address into the log before the first client is denied because of it.
        await self._source.current()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


class HookAccess:
    """The operator's service says what each client may do."""

    def __init__(
        self, hook: AuthHook, cookies: tuple[str, ...], name: str, http: aiohttp.ClientSession
    ) -> None:
        """Opens this mode of access.

        Arguments:
            hook: the operator's service.
            cookies: the names of the cookies that are passed on to the service.
            name: the name of a query parameter that is not passed on.
            http: a client that is closed together with this.
        """
        self._hook = hook
        self._cookies = cookies
        self._name = name
        self._http = http

    async def admit(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        wanted = await find()
        cookies = {name: cookie(handshake, name) for name in self._cookies}
        asked = question(
            wanted,
            cookies={name: value for name, value in cookies.items() if value is not None},
            address=handshake.address,
            query={name: text for name, text in handshake.query.items() if name != self._name},
        )
        return wanted, await self._hook.ask(asked, handshake.payer)

    async def look(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        return await self.admit(handshake, message, find)

    def why_denying(self) -> str:
        return "the access hook has no valid answers" if self._hook.failing else ""

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        await self._http.close()


def open_access(
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
        return _token_access(settings)
    if settings.auth == "hook":
        return _hook_access(settings)
    return OpenAccess(
        redis,
        keyspace,
        cookie_prefix,
        visitors_kept_ms,
        require_session=settings.require_session,
    )


def _token_access(settings: AccessSettings) -> TokenAccess:
    rules = AccessRules(
        max_lifetime=settings.auth_max_lifetime_s,
        leeway=settings.jwt_leeway_s,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
    )
    if not settings.jwt_jwks_url:
        return TokenAccess(FixedKeys(_given_keys(settings)), rules, settings.jwt_name)
    warn_of_plain_http("keys", settings.jwt_jwks_url)
    http = open_http(at_once=FETCHES_AT_ONCE)
    source = JwksUrl(
        http,
        settings.jwt_jwks_url,
        refresh=settings.jwt_jwks_refresh_s,
        pause=settings.jwt_jwks_pause_ms / 1000,
    )
    return TokenAccess(source, rules, settings.jwt_name, http)


def _hook_access(settings: AccessSettings) -> HookAccess:
    warn_of_plain_http("rights", settings.hook_url)
    http = open_http(at_once=settings.hook_at_once)
    hook = AuthHook(
        http,
        settings.hook_url,
        secret=settings.hook_secret,
        timeout=settings.hook_timeout_ms / 1000,
        max_lifetime=settings.auth_max_lifetime_s,
        at_once=settings.hook_at_once,
        answers=AnswerCache(size=settings.hook_cache, ttl=settings.hook_ttl_ms / 1000),
    )
    return HookAccess(hook, settings.hook_cookies, settings.jwt_name, http)


def _given_keys(settings: AccessSettings) -> list[VerificationKey]:
    flag, path = "--jwt-secret", ""
    try:
        if settings.jwt_secret:
            return [keys.secret_key(settings.jwt_secret.encode())]
        if path := settings.jwt_secret_file:
            flag = "--jwt-secret-file"
            return [keys.secret_key(Path(path).read_bytes().strip())]
        if path := settings.jwt_public_key_file:
            flag = "--jwt-public-key-file"
            return [keys.public_key(Path(path).read_bytes())]
    except BadKey as error:
        raise SettingsError([f"{flag}: {path + ': ' if path else ''}{error}"]) from None
    except OSError as error:
        raise SettingsError([f"{flag}: {path}: {error.strerror}"]) from None
    return keys_in_file(settings.jwt_jwks_file, "--jwt-jwks-file", secrets=True)
