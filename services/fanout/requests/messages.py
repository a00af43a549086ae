"""This module reads the messages of the worker's sockets, serves them and answers them.

A client may ask for a Socket.IO acknowledgement of any message: it receives ``[null, null]``, or
``[{name, message}]`` with the error texts of Etherpad 3.3.1.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import nullcontext
from typing import Any, Protocol

from padfleet.services.fanout import metrics
from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.errors import ClientError, WrongType, prefixed, shown
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.limits.allowances import Allowances, RateExceeded, is_short
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.requests.ahead import Ahead
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.services.fanout.requests.handlers import Handlers
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.requests.turning_away import TurnedAway, turn_away_if_corrupt
from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.outbound import OVERFLOW
from padfleet.shared.deadlines import Deadlines
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.connection.errors import reason_for_clients
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.payers import Payer
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

EDIT = "USER_CHANGES"

_OWN = frozenset({"CLIENT_READY", "CHANGESET_REQ", EDIT})
"""The types of messages that this module serves itself instead of passing them to a handler."""

READ_ONLY = "write attempt on read-only pad"

Reply = tuple[None, None] | dict[str, str]
OK: Reply = (None, None)


class HistoryRequests(Protocol):
    """The interface of the object that answers CHANGESET_REQ."""

    async def asked(
        self, room: Room, session: Session, message: dict[str, Any], *, payer: Payer
    ) -> None: ...

    async def asked_from_outside(
        self, onlooker: Onlooker, message: dict[str, Any], *, payer: Payer
    ) -> None: ...


class Messages:
    """Reads the messages of all sockets of this worker."""

    def __init__(
        self,
        join_handler: JoinHandler,
        commits: Commits,
        allowances: Allowances,
        idle_sockets: IdleSockets,
        handlers: Handlers,
        history: HistoryRequests,
    ) -> None:
        self._join_handler = join_handler
        self._commits = commits
        self._allowances = allowances
        self.idle_sockets = idle_sockets
        self._hooks = join_handler.hooks
        self._handlers = handlers
        self._known = _OWN | handlers.known
        self._history = history
        self._following = Tasks()
        self.deadlines: Deadlines[Socket] = Deadlines()  #: when each socket's session has to end

    def take(self, socket: Socket, message: Any) -> Coroutine[Any, Any, Reply] | None:
        """Serves a message for which no acknowledgement is requested. Most messages are edits that
        can be served at once, without waiting for anything; for any other message this returns a
        coroutine that does what is left to be done."""
        session, room = socket.session, socket.room
        if (
            session is None
            or room is None
            or session.id not in room.sessions
            or socket.intake.has_tasks  # this message must not overtake them
            or self._hooks.handle_message
            or not isinstance(message, dict)
            or message.get("component") != "pad"
            or not isinstance(data := message.get("data"), dict)
            or not _is_submission(message.get("type"), data, session)
            or not is_short(data)
        ):
            return self.received(socket, message)
        try:
            wait = self._allowances.commit(session.author)
        except RateExceeded:
            metrics.MESSAGES.add(EDIT)
            room.kick_and_announce(session, "rateLimited")
            return None
        if wait:
            return self.received(socket, message, wait)
        try:
            taken = self._commits.hand_in(room, session, data, socket.intake)
        except Exception:
            log.exception("message failed", extra={"type": EDIT})
            taken = True
        if not taken:
            return self.received(socket, message, wait)
        metrics.MESSAGES.add(EDIT)
        return None

    async def received(self, socket: Socket, message: Any, wait: float | None = None) -> Reply:
        """Serves one message and returns the reply to it.

        It never raises: whatever a client sends can harm nobody but that client.

        Arguments:
            wait: given for an edit that has already been charged to its author's allowance: the
                seconds to wait before it may be served.
        """
        kind = _kind(message)
        # An unknown type is text that its sender chose freely, so none of it goes to the log.
        known = kind if kind in self._known else "other"
        metrics.MESSAGES.add(known)
        return await self._answered(socket, known, self._dispatch(socket, message, wait))

    async def _answered(
        self, socket: Socket, kind: str, work: Coroutine[Any, Any, object]
    ) -> Reply:
        """Does the work that a message of this kind asks for. Returns the reply; never raises."""
        try:
            await work
        except ClientError as error:
            log.info("message refused", extra={"type": kind, "error": error.plain})
            return {"name": error.name, "message": str(error)}
        except TurnedAway:
            return OK
        except (*UNREACHABLE, NotTaken, TimeoutError) as error:
            # We cannot serve this now, though it may work in a moment or on another worker. The
            # client would take any answer as final, so we break the connection, and it resumes.
            log.warning("socket dropped", extra={"type": kind, "error": str(error)})
            metrics.DROPPED.labels("unreachable").inc()
            socket.exit.end(reason_for_clients(error))
            return {"name": "Error", "message": "temporarily unavailable"}
        except Exception:
            log.exception("message failed", extra={"type": kind})
            if kind == "CLIENT_READY":
                # A page would wait for CLIENT_VARS for ever; without a connection it tries again.
                socket.exit.end()
            return {"name": "Error", "message": "internal error"}
        return OK

    def close(self) -> None:
        self._following.close()

    async def disconnected(self, socket: Socket) -> None:
        async with socket.turn:
            await self.leave(socket)
        socket.gone.set()

    # --- Dispatch --------------------------------------------------------------------------------

    async def _dispatch(self, socket: Socket, message: Any, wait: float | None) -> None:
        if not isinstance(message, dict) or message.get("component") != "pad":
            component = message.get("component") if isinstance(message, dict) else None
            raise ClientError("unknown message component", component)
        kind = message.get("type")
        if not kind:
            raise ClientError("message type missing")
        if kind == "CLIENT_READY":
            async with socket.turn:
                await self._ready(socket, message)
            return
        if (onlooker := socket.onlooker) is not None:
            await self._asked_from_outside(socket, onlooker, kind, message)
            return
        session, room = socket.session, socket.room
        if session is None or room is None or session.id not in room.sessions:
            raise ClientError("pre-CLIENT_READY message")
        if self._hooks.handle_message and not await self._lets_pass(room, session, message):
            return
        if _is_submission(kind, message.get("data"), session):
            # Most messages are edits. Their acknowledgement only says that they were taken.
            await self._submit(room, session, message["data"], wait)
            return
        with prefixed(kind):
            if kind == "CHANGESET_REQ":
                payer = socket.handshake.payer
                await self._history.asked(room, session, message, payer=payer)
            elif kind == "COLLABROOM":
                await self._collab(socket, room, session, message.get("data"))
            else:
                raise ClientError("unknown message type")

    async def _asked_from_outside(
        self, socket: Socket, onlooker: Onlooker, kind: Any, message: dict[str, Any]
    ) -> None:
        with prefixed(kind):
            if kind == "CHANGESET_REQ":
                payer = socket.handshake.payer
                await self._history.asked_from_outside(onlooker, message, payer=payer)
            elif kind == "COLLABROOM" and onlooker.following is not None:
                raise ClientError(READ_ONLY)
            else:
                raise ClientError("pre-CLIENT_READY message")

    async def _lets_pass(self, room: Room, session: Session, message: Any) -> bool:
        if not await self._hooks.lets_pass(room, session, message):
            return False
        if session.id not in room.sessions:
            raise ClientError("client disconnected")
        return True

    async def _submit(
        self, room: Room, session: Session, data: dict[str, Any], wait: float | None
    ) -> None:
        try:
            if wait is None:
                wait = self._allowances.commit(session.author)
            if wait:
                await asyncio.sleep(wait)
            await self._allowances.operations_of(session.author, data)
        except RateExceeded:
            room.kick_and_announce(session, "rateLimited")
            return
        if session.id not in room.sessions:
            return  # it left while it waited for its turn, and will send the edit again
        await self._commits.submit(room, session, data)

    async def _collab(self, socket: Socket, room: Room, session: Session, data: Any) -> None:
        if session.identity.read_only:
            raise ClientError(READ_ONLY)
        if not isinstance(data, dict):
            raise WrongType("data is not an object")
        join_handler = self._join_handler
        asked = RequestContext(
            join_handler.redis,
            join_handler.settings,
            self._commits,
            self._hooks,
            room,
            session,
            data,
        )
        with prefixed(data.get("type")):
            matter, handler = self._handlers.of(asked)
            if handler.announced:
                try:
                    self._allowances.tell(session.author, matter)
                except RateExceeded as error:
                    raise ClientError(f"too many {handler.too_many}; wait a moment") from error
            elif handler.is_question:
                try:
                    await self._allowances.ask(session.author)
                except RateExceeded as error:
                    raise ClientError("too many questions; wait a moment") from error
            with prefixed(matter) if matter != data["type"] else nullcontext():
                async with socket.turn if handler.in_turn else nullcontext():
                    if handler.is_question:
                        _check_there(socket)
                    await handler.serve(asked)

    # --- The messages ----------------------------------------------------------------------------

    async def _ready(self, socket: Socket, message: dict[str, Any]) -> None:
        try:
            await self._allowances.join(socket)
        except RateExceeded as error:
            socket.exit.end()
            raise ClientError("too many joins") from error
        _check_there(socket)
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
                    work = self._answered(socket, "CLIENT_READY", self._follow(socket, onlooker))
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
            _check_there(socket)
        except Denied as error:
            log.info("access denied", extra={"why": str(error), "reason": error.reason.value})
            metrics.DENIED.labels(error.reason.value).inc()
            self.idle_sockets.off_its_pad(socket.exit)
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
        self.idle_sockets.on_a_pad(socket.exit)
        if identity.expires is not None:
            self.deadlines.put(socket, identity.expires)

    async def leave(self, socket: Socket) -> None:
        """Takes the socket off its pad, if it is on one; the socket itself may stay open."""
        self.deadlines.discard(socket)
        if socket.stay is not None:
            self.idle_sockets.off_its_pad(socket.exit)
        session, room = socket.session, socket.room
        socket.session = socket.room = None
        self._end_looking(socket)
        if session is not None and room is not None:
            await self._join_handler.leave(room, session)
            if self._hooks.user_leave:
                await self._hooks.left(room, session)


def _check_there(socket: Socket) -> None:
    """Raises `ClientError` if the client has gone while it waited for its turn to join, or to ask
    for something. What it had asked for would otherwise go on for a minute without it, and whoever
    is on those pads would see it come and go."""
    if socket.exit.closed:
        raise ClientError("client disconnected")


def _is_submission(kind: Any, data: Any, session: Session) -> bool:
    return (
        kind == "COLLABROOM"
        and isinstance(data, dict)
        and data.get("type") == EDIT
        and not session.identity.read_only
    )


def _kind(message: Any) -> str:
    if not isinstance(message, dict):
        return "none"
    kind = message.get("type")
    if kind == "COLLABROOM" and isinstance(message.get("data"), dict):
        kind = message["data"].get("type")
    return shown(kind) if isinstance(kind, str) else "none"
