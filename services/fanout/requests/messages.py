"""This module reads the messages of the worker's sockets, serves them and answers them.

`coming_and_going` serves CLIENT_READY, `replies` says how the answers look.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import nullcontext
from typing import Any, Protocol

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.errors import ClientError, WrongType, prefixed, shown
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.limits.allowances import Allowances, RateExceeded, is_short
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.coming_and_going import ComingAndGoing
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.services.fanout.requests.handlers import Handlers
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.requests.replies import Reply, answered
from padfleet.shared.payers import Payer

log = logging.getLogger(__name__)

EDIT = "USER_CHANGES"

_OWN = frozenset({"CLIENT_READY", "CHANGESET_REQ", EDIT})
"""The types of messages that this module serves itself instead of passing them to a handler."""

READ_ONLY = "write attempt on read-only pad"


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
        self._hooks = join_handler.hooks
        self._handlers = handlers
        self._known = _OWN | handlers.known
        self._history = history
        self.pads = ComingAndGoing(join_handler, allowances, idle_sockets)

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
        return await answered(socket, known, self._dispatch(socket, message, wait))

    def close(self) -> None:
        self.pads.close()

    async def disconnected(self, socket: Socket) -> None:
        async with socket.turn:
            await self.pads.leave(socket)
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
                await self.pads.ready(socket, message)
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
            if handler.limit is not None:
                try:
                    await self._allowances.message(session.author, handler.limit)
                except RateExceeded as error:
                    raise ClientError(f"too many {handler.too_many}; wait a moment") from error
            with prefixed(matter) if matter != data["type"] else nullcontext():
                async with socket.turn if handler.in_turn else nullcontext():
                    if handler.is_question:
                        socket.check_there()
                    await handler.serve(asked)


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
