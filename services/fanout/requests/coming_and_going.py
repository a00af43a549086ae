"""This module puts a socket on the pad that its CLIENT_READY asks for, and takes it off again."""

import logging
from typing import Any

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.errors import ClientError, shown
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.limits.allowances import Allowances, RateExceeded
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.requests.ahead import Ahead
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.requests.replies import answered
from padfleet.services.fanout.requests.turning_away import turn_away_if_corrupt
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.outbound import OVERFLOW
from padfleet.shared.deadlines import Deadlines
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)


class ComingAndGoing:
    """Knows which sockets are on a pad, and until when."""

    def __init__(
        self, join_handler: JoinHandler, allowances: Allowances, idle_sockets: IdleSockets
    ) -> None:
        self._join_handler = join_handler
        self._allowances = allowances
        self._idle_sockets = idle_sockets
        self._hooks = join_handler.hooks
        self._following = Tasks()
        self.deadlines: Deadlines[Socket] = Deadlines()  #: when each socket's session has to end

    def close(self) -> None:
        self._following.close()

    async def ready(self, socket: Socket, message: dict[str, Any]) -> None:
        """Serves a CLIENT_READY, in the turn of its socket. Raises `ClientError`, `TurnedAway`, or
        what `UNREACHABLE` lists."""
        try:
            await self._allowances.join(socket)
        except RateExceeded as error:
            socket.exit.end()
            raise ClientError("too many joins") from error
        socket.check_there()
        with self._join_handler.ahead(message) as ahead:
            await self._join(socket, message, ahead)

    async def _join(self, socket: Socket, message: dict[str, Any], ahead: Ahead) -> None:
        looks = self._join_handler.may_look(message)
        identity = await self._let_through(socket, message, ahead, looks=looks)
        if identity is not None and identity.away:
            onlooker = await self._join_handler.look(socket.exit, identity, message)
            if onlooker is not None:
                socket.onlooker = onlooker
                self._is_let_in(socket, identity)
                if onlooker.following is not None:
                    work = answered(socket, "CLIENT_READY", self._follow(socket, onlooker))
                    self._following.start(work, "following", pad=identity.pad_id)
                return
            # It has been brought back meanwhile.
            identity = await self._let_through(socket, message, ahead)
        if identity is None:
            return
        brought, socket.brought = socket.brought, None
        try:
            socket.session, socket.room = await self._join_handler.join(
                socket.exit, identity, message, brought
            )
        except RateExceeded as error:
            socket.exit.end()
            raise ClientError("too many new pads") from error
        await self._joined(socket, socket.room, socket.session)

    async def _follow(self, socket: Socket, onlooker: Onlooker) -> None:
        """Puts the onlooker on its pad as soon as somebody opens it. Raises what a CLIENT_READY
        may raise."""
        if not await onlooker.is_called():
            return
        async with socket.turn:
            if socket.onlooker is not onlooker:
                return
            try:
                session, room = await self._join_handler.come_in(onlooker)
            except BaseException:
                await self.leave(socket)
                raise
            if socket.onlooker is not onlooker:  # its grant has expired meanwhile
                await self._join_handler.leave(room, session)
                return
            self._end_looking(socket)
            socket.session, socket.room = session, room
            await self._joined(socket, room, session)

    def _end_looking(self, socket: Socket) -> None:
        onlooker, socket.onlooker = socket.onlooker, None
        if onlooker is not None and onlooker.following is not None:
            self._join_handler.rooms.followed.end(onlooker.following.pad)

    async def _let_through(
        self, socket: Socket, message: dict[str, Any], ahead: Ahead, *, looks: bool = False
    ) -> SessionIdentity | None:
        """Returns who wants to join, after taking the socket off its last pad, or None if the
        socket was closed. Raises what `_identify` raises."""
        identity = await self._identify(socket, message, ahead, looks=looks)
        if socket.author is not None and socket.author != identity.author:
            if not socket.exit.closed:
                socket.exit.write(packets.packet({"disconnect": "rejected"}))
            raise ClientError("Author ID changed mid-session. Bad or missing token or sessionID?")
        socket.author = identity.author
        if socket.exit.backlog > OVERFLOW:
            # It asks for a whole pad once more, although it has not yet taken the previous one.
            metrics.DROPPED.labels("overflow").inc()
            socket.exit.end()
            return None
        await self.leave(socket)
        return identity

    async def _identify(
        self, socket: Socket, message: dict[str, Any], ahead: Ahead, *, looks: bool
    ) -> SessionIdentity:
        """Finds out who wants to join. When this raises `ClientError` or `TurnedAway`, the client
        has already been sent the reason why it cannot be let in."""
        try:
            identity = await self._join_handler.identify(
                socket.handshake, message, ahead, looks=looks
            )
            # The limit spans all sockets of an author, or one with forty of them could join forty
            # times as fast.
            await self._allowances.join(identity.author)
            socket.check_there()
        except Denied as error:
            log.info("access denied", extra={"why": str(error), "reason": error.reason.value})
            metrics.DENIED.labels(error.reason.value).inc()
            self._idle_sockets.off_its_pad(socket.exit)
            if not socket.exit.closed:
                socket.exit.write(packets.packet({"accessStatus": "deny"}))
            raise ClientError("access denied") from error
        except CorruptPad as error:
            turn_away_if_corrupt(socket.exit, shown(message.get("padId")), error)
            raise
        except RateExceeded as error:
            socket.exit.end()
            raise ClientError("too many joins") from error
        return identity

    async def _joined(self, socket: Socket, room: Room, session: Session) -> None:
        identity = session.identity
        self._is_let_in(socket, identity)
        if self._hooks.user_join:
            await self._hooks.joined(room, session)
        log.info(
            "joined",
            extra={
                "pad": identity.pad_id,
                "author": identity.author,
                "rev": session.cursor.sent_rev,
            },
        )

    def _is_let_in(self, socket: Socket, identity: SessionIdentity) -> None:
        self._idle_sockets.on_a_pad(socket.exit)
        if identity.expires is not None:
            self.deadlines.put(socket, identity.expires)

    async def leave(self, socket: Socket) -> None:
        """Takes the socket off its pad, if it is on one; the socket itself may stay open."""
        self.deadlines.discard(socket)
        if socket.stay is not None:
            self._idle_sockets.off_its_pad(socket.exit)
        session, room = socket.session, socket.room
        socket.session = socket.room = None
        self._end_looking(socket)
        if session is not None and room is not None:
            await self._join_handler.leave(room, session)
            if self._hooks.user_leave:
                await self._hooks.left(room, session)
