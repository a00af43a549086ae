"""Reads what a server's messages say to a typist: frames in, events out. Pure.

The sockets of a pad get the same bytes within a moment, so each message is read once, and the
recordings of all clients share its events.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from padfleet.services.tools.loadtest.inflate import SharedInflater
from padfleet.shared.wire import socketio
from tests.chaos.history.recording import Accepted, CaughtUp, Received, pool_json
from tests.chaos.history.typist import Entered, Typist

MEMO_SIZE = 4096
LONGEST_KEPT = 64 * 1024
"""Messages of up to this many bytes are remembered. A longer one is CLIENT_VARS, which is for one
client only."""


class Opened(NamedTuple):
    """The handshake of Engine.IO has come."""

    silence: float  #: seconds without a ping after which a page gives up the connection


class Greeted(NamedTuple):
    """Socket.IO says that the client is connected, so CLIENT_READY is due."""


class Dismissed(NamedTuple):
    reason: str


class Keep(NamedTuple):
    """An event that ends in a text, which Socket.IO's client (from 4.6 on) keeps: see
    `Typist.kept`."""

    text: str


class Refused(NamedTuple):
    """Socket.IO says that the client may not connect."""

    why: str


class Nonsense(NamedTuple):
    """What has come is no message that a server sends."""

    why: str


Heard = (
    Opened
    | Greeted
    | Dismissed
    | Keep
    | Refused
    | Nonsense
    | socketio.PingPacket
    | socketio.ClosePacket
    | Entered
    | Received
    | Accepted
    | CaughtUp
)


class Hearing:
    """Reads messages, and remembers the last ones."""

    def __init__(self) -> None:
        self._memo: dict[bytes, tuple[Heard, ...]] = {}
        self.inflater = SharedInflater()

    def read(self, message: bytes) -> tuple[Heard, ...]:
        if len(message) > LONGEST_KEPT:
            return tuple(_read(message))
        heard = self._memo.get(message)
        if heard is None:
            if len(self._memo) >= MEMO_SIZE:
                self._memo.clear()
            heard = self._memo[message] = tuple(_read(message))
        return heard


def _read(message: bytes) -> list[Heard]:
    try:
        match socketio.decode(message.decode()):
            case socketio.OpenPacket() as opening:
                return [Opened((opening.ping_interval + opening.ping_timeout) / 1000)]
            case socketio.ConnectPacket():
                return [Greeted()]
            case socketio.ConnectErrorPacket(reason):
                return [Refused(f"the connection is refused: {reason}")]
            case socketio.PingPacket() | socketio.ClosePacket() as packet:
                return [packet]
            case socketio.Event("message", [dict(data)], _):
                return heard_in(data)
            case socketio.Event(_, [*_, str(text)], _):
                return [Keep(text)]
        return []
    except (UnicodeDecodeError, socketio.BadPacket, LookupError, TypeError) as error:
        return [Nonsense(f"{message[:200]!r}: {error!r}")]


def heard_in(message: dict[str, Any]) -> list[Heard]:
    """Returns the events in a message's argument. Raises LookupError or TypeError for nonsense."""
    if "disconnect" in message:
        return [Dismissed(str(message["disconnect"]))]
    if "accessStatus" in message:
        return [Dismissed(f"accessStatus {message['accessStatus']}")]
    match message:
        case {"type": "CLIENT_VARS", "data": dict(data)}:
            pad = data["collab_client_vars"]
            return [Entered(data["userId"], pad["rev"], pad["initialAttributedText"]["text"])]
        case {"type": "COLLABROOM", "data": dict(data)}:
            return _collab(data)
    return []


def _collab(data: dict[str, Any]) -> list[Heard]:
    match data.get("type"):
        case "NEW_CHANGES":
            return [_revision(data)]
        case "NEW_CHANGES_BATCH":
            return [_revision(change) for change in data["changes"]]
        case "ACCEPT_COMMIT":
            return [Accepted(data["newRev"])]
        case "CLIENT_RECONNECT":
            if data.get("noChanges"):
                return [CaughtUp(data["newRev"])]
            last = data["newRev"] == data["headRev"]
            missed = _revision(data, missed=True)
            return [missed, CaughtUp(missed.rev)] if last else [missed]
    return []


def _revision(data: dict[str, Any], *, missed: bool = False) -> Received:
    return Received(
        data["newRev"],
        data.get("author") or "",
        data["changeset"],
        pool_json(data["apool"]),
        missed,
    )


def tell(typist: Typist, heard: Heard) -> None:
    """Passes an event on to the typist; an event that only concerns a connection is ignored."""
    # The types are tested in the order of their frequency; `match` would look each of them up in
    # another way.
    if type(heard) is Received:
        typist.received(heard)
    elif type(heard) is Accepted:
        typist.accepted(heard)
    elif type(heard) is CaughtUp:
        typist.caught_up(heard.rev)
    elif type(heard) is Entered:
        typist.entered(heard)
    elif type(heard) is Dismissed:
        typist.told_to_leave(heard.reason)
    elif type(heard) is Keep:
        typist.kept = heard.text
