"""This module decides what happens to a session when the grant that admitted it has expired."""

import logging
from dataclasses import replace

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth.decision import Denied, Reason
from padfleet.services.fanout.delivery.session import SessionIdentity
from padfleet.services.fanout.limits.allowances import RateExceeded
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.coming_and_going import ComingAndGoing
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.transport import packets
from padfleet.shared.easysync import to_units
from padfleet.shared.log.connection.connect import UNREACHABLE

log = logging.getLogger(__name__)


class Expired:
    """Asks for access once more, as at a join, and ends the session if the answer is not the same.

    Only the hook can give a new answer: a token is the one from the handshake, and has expired.
    """

    def __init__(self, pads: ComingAndGoing, join_handler: JoinHandler, *, reconnect: bool) -> None:
        """Takes what it needs to ask again; with `reconnect`, the connection is broken instead of
        informing the page that access is gone."""
        self._pads = pads
        self._join_handler = join_handler
        self._reconnect = reconnect

    async def check(self, socket: Socket) -> None:
        stay = socket.stay
        if stay is None:
            return
        old = stay.identity
        asked = {"padId": to_units(old.requested_id)}
        looks = stay is socket.onlooker
        try:
            new = await self._join_handler.identify(socket.handshake, asked, looks=looks)
        except Denied as error:
            if socket.stay is stay:
                await self._end(socket, old, error.reason)
        except (*UNREACHABLE, TimeoutError, RateExceeded) as error:
            # It may be admitted again, but we cannot find that out now.
            log.warning("socket dropped", extra={"type": "expiry", "error": str(error)})
            _drop(socket, "unreachable")
        except Exception:
            log.exception("access not checked again")
            _drop(socket, "unreachable")
        else:
            if socket.stay is not stay:
                return  # it has joined again in the meantime
            if looks:
                # Of a pad in the cold store, nobody is told the read-only id before it is joined.
                new = replace(new, read_only_id=old.read_only_id)
            if new.expires is None or not _same(old, new):
                _drop(socket, "rights")  # it comes back in with its new rights
                return
            stay.identity = new
            self._pads.deadlines.put(socket, new.expires)

    async def _end(self, socket: Socket, identity: SessionIdentity, reason: Reason) -> None:
        log.info(
            "access expired",
            extra={"pad": identity.pad_id, "author": identity.author, "reason": reason.value},
        )
        if self._reconnect:
            _drop(socket, "expired")
            return
        metrics.DENIED.labels(reason.value).inc()
        if not socket.exit.closed:
            socket.exit.write(packets.packet({"accessStatus": "deny"}))
        await self._pads.leave(socket)


def _drop(socket: Socket, why: str) -> None:
    """Breaks the connection, so that the client comes back and joins again."""
    metrics.DROPPED.labels(why).inc()
    socket.exit.end()


def _same(one: SessionIdentity, other: SessionIdentity) -> bool:
    return replace(one, expires=None) == replace(other, expires=None)
