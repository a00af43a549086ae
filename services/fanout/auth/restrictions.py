"""This module restricts which pads can be opened at all, regardless of the client: it implements
Etherpad's `requireSession` and `editOnly` for each mode of access."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from padfleet.services.fanout.auth.access import Access, Find
from padfleet.services.fanout.auth.decision import Denied, Grant, Reason, RequestedPad
from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.reader import is_there
from padfleet.shared.log.people.groups import group_of
from padfleet.shared.settings import AccessSettings


def restricted(
    access: Access, settings: AccessSettings, redis: Redis, keyspace: Keyspace
) -> Access:
    """Returns the same access, restricted to the pads that the settings leave open."""
    if settings.require_session:
        access = GroupPadsOnly(access)
    if settings.edit_only:
        access = ExistingPadsOnly(access, redis, keyspace)
    return access


class _Restricted(ABC):
    """Checks the pad that is asked for before the client is identified."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def admit(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        return await self._access.admit(handshake, message, lambda: self._found(find))

    async def look(
        self, handshake: Handshake, message: Mapping[str, Any], find: Find
    ) -> tuple[RequestedPad, Grant]:
        return await self._access.look(handshake, message, lambda: self._found(find))

    def why_denying(self) -> str:
        return self._access.why_denying()

    async def start(self) -> None:
        await self._access.start()

    async def close(self) -> None:
        await self._access.close()

    async def _found(self, find: Find) -> RequestedPad:
        wanted = await find()
        await self.check(wanted)
        return wanted

    @abstractmethod
    async def check(self, wanted: RequestedPad) -> None:
        """Raises `Denied` for a pad that the restriction excludes."""


class GroupPadsOnly(_Restricted):
    """Leaves only the pads of groups: every pad needs what a group's pad needs in this mode, and a
    pad without a group cannot have a session."""

    async def check(self, wanted: RequestedPad) -> None:
        if group_of(wanted.pad_id) is None:
            raise Denied("a session is required, and only groups' pads have any", Reason.MISSING)


class ExistingPadsOnly(_Restricted):
    """Leaves only pads that exist, so that nobody creates one by opening it. (A pad that is deleted
    after this check is not created again either: see `JoinHandler` and the imports.)"""

    def __init__(self, access: Access, redis: Redis, keyspace: Keyspace) -> None:
        super().__init__(access)
        self._redis = redis
        self._keyspace = keyspace

    async def check(self, wanted: RequestedPad) -> None:
        if not await is_there(self._redis, self._keyspace, wanted.pad_id):
            raise Denied("pads are made by the HTTP API only", Reason.NO_PAD)
