"""This module lets in requests that come by plain HTTP, without a socket, for an export or an
import."""

from aiohttp import web
from aiohttp.typedefs import Handler

from padfleet.services.fanout.auth.access import Access
from padfleet.services.fanout.auth.decision import Denied, RequestedPad
from padfleet.services.fanout.auth.handshake import Handshake, wanted_pad
from padfleet.services.fanout.limits.addresses import Trusted
from padfleet.services.fanout.limits.allowances import RateExceeded
from padfleet.services.fanout.limits.counted_requests import CHARGED
from padfleet.services.fanout.limits.doorman import COOKIES
from padfleet.services.fanout.limits.new_pads import NewPads
from padfleet.services.fanout.limits.request_rate import RequestRate
from padfleet.shared.easysync import to_units
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.connection.lanes import Lane, take_lane
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.pads import is_away
from padfleet.shared.payers import Payer, payer_of
from padfleet.shared.visit import NotAllowed, TooFast, Visitor


@web.middleware
async def by_the_lane_of_calls(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serves a request over the lane for calls, so that requests without a socket leave the way to
    Redis to those that have one."""
    if not request.path.startswith("/socket.io/"):
        take_lane(Lane.CALLS)
    return await handler(request)


class HttpAccess:
    """Lets in everybody who would be let in over a socket."""

    def __init__(
        self,
        redis: Redis,
        keyspace: Keyspace,
        access: Access,
        trusted: Trusted,
        new_pads: NewPads,
        rate: RequestRate,
    ) -> None:
        self._redis = redis
        self._keyspace = keyspace
        self._access = access
        self._trusted = trusted
        self._new_pads = new_pads
        self._rate = rate

    async def look(self, request: web.Request, pad: str) -> Visitor:
        """Returns the visitor if they may see the pad. Raises `NotAllowed` if they may not."""
        handshake, message = self._introduced(request, pad)
        try:
            wanted, grant = await self._access.look(handshake, message, lambda: self._find(message))
        except Denied as error:
            raise NotAllowed(str(error)) from error
        write = grant.write and not wanted.read_only
        return Visitor(wanted.pad_id, wanted.requested_id, grant.author, write, handshake.payer)

    async def work(self, request: web.Request, pad: str) -> Visitor:
        """Returns the visitor if they may write on the pad. Raises `NotAllowed` if they may not."""
        handshake, message = self._introduced(request, pad)
        try:
            wanted, grant = await self._access.admit(
                handshake, message, lambda: self._find(message)
            )
        except Denied as error:
            raise NotAllowed(str(error)) from error
        if wanted.read_only or not grant.write:
            raise NotAllowed("may only read")
        return Visitor(
            wanted.pad_id, wanted.requested_id, grant.author, True, handshake.payer, grant.visit
        )

    async def charge(self, visitor: Visitor) -> None:
        """Implements `Door.charge`."""
        # As at a join, nobody is charged for a read-only link.
        if visitor.requested != visitor.pad:
            return
        if await is_away(self._redis, self._keyspace.pad(visitor.pad)):
            try:
                await self._new_pads.wait(visitor.author, visitor.payer)
            except RateExceeded:
                raise TooFast("these are too many pads in a minute: try again in a while") from None

    def admits_stranger(self, request: web.Request) -> bool:
        """Implements `Door.admits_stranger`."""
        if request[CHARGED]:
            return True
        request[CHARGED] = True
        return self._rate.admits(self.payer(request), 1.0)

    def knows_stranger(self, request: web.Request) -> None:
        """Implements `Door.knows_stranger`."""
        self._rate.give_back(self.payer(request), 1.0)

    def address(self, request: web.Request) -> str:
        """Returns the client's own address, even if trusted proxies stand in between."""
        return self._trusted.client(request.remote or "", request.headers.items())

    def payer(self, request: web.Request) -> Payer:
        """Implements `Door.payer`."""
        return payer_of(self.address(request))

    async def _find(self, message: dict[str, str]) -> RequestedPad:
        return await wanted_pad(self._redis, self._keyspace, message["padId"])

    def _introduced(self, request: web.Request, pad: str) -> tuple[Handshake, dict[str, str]]:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        handshake = Handshake(
            request.get(COOKIES, ""),
            dict(request.query),
            self.address(request),
            token if scheme.lower() == "bearer" and token else None,
        )
        return handshake, {"padId": to_units(pad)}
