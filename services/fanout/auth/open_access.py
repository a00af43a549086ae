"""Implements the mode `open` of `PADFLEET_AUTH`: everybody may write."""

import time
from collections.abc import Mapping
from typing import Any

from padfleet.services.fanout.auth.access import Find
from padfleet.services.fanout.auth.decision import Grant, RequestedPad
from padfleet.services.fanout.auth.group_pads import group_session, session_grant
from padfleet.services.fanout.auth.handshake import Handshake, cookie, is_link, token
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.people.group_sessions import GroupSession
from padfleet.shared.log.people.recognition import author_and_made, known_author, visit_with
from padfleet.shared.tasks import all_of


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
                forever.
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
