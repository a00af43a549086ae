"""Implements the mode `hook` of `PADFLEET_AUTH`: a service of the operator is asked."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from padfleet.services.fanout.auth.access import Find
from padfleet.services.fanout.auth.answers import AnswerCache
from padfleet.services.fanout.auth.calls import AuthHook
from padfleet.services.fanout.auth.decision import Grant, RequestedPad
from padfleet.services.fanout.auth.handshake import Handshake, cookie
from padfleet.services.fanout.auth.hook import question
from padfleet.services.fanout.auth.web import open_http, warn_of_plain_http
from padfleet.shared.settings import AccessSettings


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


def hook_access(settings: AccessSettings) -> HookAccess:
    """Returns this mode as the settings describe it."""
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
