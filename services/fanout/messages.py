"""What a socket says, and what it is answered.

A client may ask for a Socket.IO acknowledgement of any message: it gets ``[null, null]``, or
``[{name, message}]`` with the error texts of Etherpad 3.3.1.
"""

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field
from typing import Any

from services.fanout import frames, metrics
from services.fanout.auth.decision import MAX_NAME, Denied
from services.fanout.auth.expiry import Deadlines
from services.fanout.commits import Commits
from services.fanout.exit import OVERFLOW, Exit
from services.fanout.identify import Handshake
from services.fanout.join import Doorway, TurnedAway
from services.fanout.limits.allowances import Allowances, TooMuch
from services.fanout.limits.unborn import Nursery
from services.fanout.room import Room
from services.fanout.session import Session
from shared.easysync import to_units
from shared.log import authors, presence
from shared.log.connect import UNREACHABLE
from shared.log.inbox import NotTaken
from shared.log.records import UserInfo

log = logging.getLogger(__name__)

_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})\Z")

MAX_DIGITS = 16
"""Of a number that JavaScript holds exactly, and Python reads quickly."""

MAX_SHOWN = 60
"""Characters of a client's own words that are repeated in answers and in the log."""

Reply = tuple[None, None] | dict[str, str]
OK: Reply = (None, None)


class ClientError(Exception):
    """The message cannot be served. The text is what the client's acknowledgement says."""

    name = "Error"


class WrongType(ClientError):
    """A field is missing or not what it should be; JavaScript's TypeError."""

    name = "TypeError"


@dataclass(slots=True, eq=False)
class Socket:
    """One Socket.IO connection, which is on at most one pad."""

    handshake: Handshake
    exit: Exit
    session: Session | None = None
    room: Room | None = None
    author: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Messages are taken one at a time and in order, up to where only the writer's answer is
    waited for."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)  #: disconnected, and off its pad

    def acknowledged(self, packet: str) -> None:
        """A Socket.IO acknowledgement has come, `43<id>[…]`. Its id is the rev that it is for."""
        digits = packet[2:].partition("[")[0]
        if self.session is not None and digits.isdecimal() and len(digits) < MAX_DIGITS:
            self.session.has_acknowledged(int(digits), time.monotonic())


class Messages:
    """Reads the messages of all sockets of this worker."""

    def __init__(
        self, doorway: Doorway, commits: Commits, allowances: Allowances, nursery: Nursery
    ) -> None:
        self._doorway = doorway
        self._commits = commits
        self._allowances = allowances
        self.nursery = nursery
        self.deadlines: Deadlines[Socket] = Deadlines()  #: when a socket's session has to end

    async def received(self, socket: Socket, message: Any) -> Reply:
        """Never raises: whatever a client sends costs itself at most."""
        kind = _kind(message)
        metrics.MESSAGES.add(kind if kind in KNOWN else "other")
        try:
            await self._dispatch(socket, message)
        except ClientError as error:
            log.info("message refused", extra={"type": kind, "error": str(error)})
            return {"name": error.name, "message": str(error)}
        except TurnedAway:
            return OK
        except (*UNREACHABLE, NotTaken, TimeoutError) as error:
            # We cannot serve this now, perhaps in a moment or on another worker. An answer of any
            # kind would be taken for final, so the connection goes, and the client resumes.
            log.warning("socket dropped", extra={"type": kind, "error": str(error)})
            metrics.DROPPED.labels("unreachable").inc()
            socket.exit.end()
            return {"name": "Error", "message": "temporarily unavailable"}
        except Exception:
            log.exception("message failed", extra={"type": kind})
            if kind == "CLIENT_READY":
                # A page waits for CLIENT_VARS for good; without its connection it tries again.
                socket.exit.end()
            return {"name": "Error", "message": "internal error"}
        return OK

    async def disconnected(self, socket: Socket) -> None:
        async with socket.turn:
            await self.leave(socket)
        socket.gone.set()

    # --- Dispatch --------------------------------------------------------------------------------

    async def _dispatch(self, socket: Socket, message: Any) -> None:
        if not isinstance(message, dict) or message.get("component") != "pad":
            component = message.get("component") if isinstance(message, dict) else None
            shown = "undefined" if component is None else _shown(component)
            raise ClientError(f"unknown message component: {shown}")
        kind = message.get("type")
        if not kind:
            raise ClientError("message type missing")
        if kind == "CLIENT_READY":
            async with socket.turn:
                await self._ready(socket, message)
            return
        session, room = socket.session, socket.room
        if session is None or room is None or session.id not in room.sessions:
            raise ClientError("pre-CLIENT_READY message")
        if kind != "COLLABROOM":
            raise ClientError(f"{_shown(kind)}: unknown message type")
        if session.identity.read_only:
            raise ClientError("COLLABROOM: write attempt on read-only pad")
        data = message.get("data")
        if not isinstance(data, dict):
            raise WrongType("COLLABROOM: data is not an object")
        inner = data.get("type")
        try:
            await self._collab(socket, room, session, inner, data)
        except ClientError as error:
            raise type(error)(f"COLLABROOM: {_shown(inner)}: {error}") from error

    async def _collab(
        self, socket: Socket, room: Room, session: Session, kind: Any, data: dict[str, Any]
    ) -> None:
        match kind:
            case "USER_CHANGES":
                try:
                    await self._allowances.commit(session.author)
                except TooMuch:
                    room.kick_and_say(session, "rateLimited")
                    return
                if session.id not in room.sessions:
                    return  # it has gone while it waited for its turn, and sends it again
                await self._commits.submit(room, session, data)
            case "USERINFO_UPDATE":
                async with socket.turn:
                    await self._user_info(room, session, data)
            case "PAD_DELETE":
                await self._delete(room, session, data)
            case _:
                raise ClientError("unknown message type")

    # --- The messages ----------------------------------------------------------------------------

    async def _ready(self, socket: Socket, message: dict[str, Any]) -> None:
        try:
            await self._allowances.join(socket)
            identity = await self._doorway.identify(socket.handshake, message)
        except Denied as error:
            log.info("access denied", extra={"why": str(error), "reason": error.reason.value})
            metrics.DENIED.labels(error.reason.value).inc()
            self.nursery.off_its_pad(socket.exit)
            if not socket.exit.closed:
                socket.exit.write(frames.packet({"accessStatus": "deny"}))
            raise ClientError("access denied") from error
        except TooMuch as error:
            socket.exit.end()
            raise ClientError("too many joins") from error
        if socket.author is not None and socket.author != identity.author:
            if not socket.exit.closed:
                socket.exit.write(frames.packet({"disconnect": "rejected"}))
            raise ClientError("Author ID changed mid-session. Bad or missing token or sessionID?")
        socket.author = identity.author
        if socket.exit.backlog > OVERFLOW:
            # It asks for a whole pad once more, and has not taken the last one.
            metrics.DROPPED.labels("overflow").inc()
            socket.exit.end()
            return
        await self.leave(socket)
        socket.session, socket.room = await self._doorway.join(socket.exit, identity, message)
        self.nursery.on_a_pad(socket.exit)
        if identity.expires is not None:
            self.deadlines.put(socket, identity.expires)
        log.info(
            "joined",
            extra={
                "pad": identity.pad_id,
                "author": identity.author,
                "rev": socket.session.cursor.sent_rev,
            },
        )

    async def leave(self, socket: Socket) -> None:
        """Off its pad, if it is on one; the socket may stay."""
        self.deadlines.discard(socket)
        session, room = socket.session, socket.room
        socket.session = socket.room = None
        if session is not None and room is not None:
            self.nursery.off_its_pad(socket.exit)
            await self._doorway.leave(room, session)

    async def _user_info(self, room: Room, session: Session, data: dict[str, Any]) -> None:
        try:
            self._allowances.chat(session.author)
        except TooMuch as error:
            raise ClientError("too many changes of name or colour; wait a moment") from error
        info = data.get("userInfo")
        if not isinstance(info, dict):
            raise WrongType("missing userInfo")
        name, color = info.get("name"), info.get("colorId")
        if color is None:
            raise ClientError("missing colorId")
        if not isinstance(color, str) or not _COLOR.match(color):
            raise ClientError(f"malformed color: {str(color)[:40]}")
        if name is not None and not isinstance(name, str):
            raise WrongType("name is not a text")
        name = session.identity.name or (name[:MAX_NAME] if name else None)
        color = session.identity.color or color
        redis = self._doorway.redis
        await authors.update(redis, session.author, name=name or "", color=color)
        told = UserInfo(session.id, session.author, name, color)
        await presence.tell_user_info(redis, room.keys, told)

    async def _delete(self, room: Room, session: Session, data: dict[str, Any]) -> None:
        wanted = data.get("data")
        if not isinstance(wanted, dict):
            raise WrongType("data is not an object")
        if wanted.get("padId") != to_units(room.pad_id):
            raise ClientError("refusing cross-pad delete")
        outcome = await self._commits.delete(room, session)
        if outcome is not None and outcome.kind == "refused":
            session.send(frames.packet(_shout("pad.deletionToken.notCreator"), "shout"))


KNOWN = {"CLIENT_READY", "USER_CHANGES", "USERINFO_UPDATE", "PAD_DELETE"}


def _kind(message: Any) -> str:
    if not isinstance(message, dict):
        return "none"
    kind = message.get("type")
    if kind == "COLLABROOM" and isinstance(message.get("data"), dict):
        kind = message["data"].get("type")
    return _shown(kind) if isinstance(kind, str) else "none"


def _shown(word: Any) -> str:
    """What a client calls something, for its answer and for the log: it could be a megabyte, or
    nested so deep that to write it out is an error of its own."""
    return word[:MAX_SHOWN] if isinstance(word, str) else f"a {type(word).__name__}"


def _shout(message_key: str) -> dict[str, Any]:
    """A notice to one client, as Etherpad sends them; its page translates the key."""
    return {
        "type": "COLLABROOM",
        "data": {
            "type": "shoutMessage",
            "payload": {
                "message": {"messageKey": message_key, "sticky": False},
                "timestamp": int(time.time() * 1000),
            },
        },
    }
