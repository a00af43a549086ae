"""This module reads and writes Engine.IO 4 and Socket.IO 5 packets, as far as a client of a single
namespace needs them.

It handles text only, since Etherpad sends no binary packets. See the Engine.IO protocol (revision
4) and the Socket.IO protocol (revision 5).
"""

import re
from typing import Any, NamedTuple

from padfleet.shared.wire.jsontext import MOST_DEEP, dumps, loads


class BadPacket(ValueError):
    """The other side sent something that is not a packet, or a packet that we do not know."""


class OpenPacket(NamedTuple):
    """The handshake of a new transport, with times in ms."""

    sid: str
    ping_interval: int
    ping_timeout: int
    #: the longest packet that the server accepts, in bytes; 0 if it does not say
    max_payload: int = 0


class PingPacket(NamedTuple):
    data: str = ""


class ConnectPacket(NamedTuple):
    sid: str


class ConnectErrorPacket(NamedTuple):
    reason: str


class Event(NamedTuple):
    name: str
    args: list[Any]
    ack_id: int | None = None


class Ack(NamedTuple):
    ack_id: int
    args: list[Any]


class ClosePacket(NamedTuple):
    """The server ends the connection."""


class Nothing(NamedTuple):
    """A packet that needs no reaction."""


Packet = (
    OpenPacket
    | PingPacket
    | ConnectPacket
    | ConnectErrorPacket
    | Event
    | Ack
    | ClosePacket
    | Nothing
)

_ACK_ID = re.compile("[0-9]{1,16}")

CONNECT = "40"
PONG = "3"
DISCONNECT = "41"


def encode_event(name: str, *args: Any, ack_id: int | None = None) -> str:
    return f"42{'' if ack_id is None else ack_id}{dumps([name, *args])}"


def encode_ack(ack_id: int, *args: Any) -> str:
    return f"43{ack_id}{dumps(list(args))}"


def decode(text: str) -> Packet:
    """Returns the packet that `text` is. Raises `BadPacket`."""
    kind, body = text[:1], text[1:]
    match kind:
        case "4":
            return _decode_message(body)
        case "2":
            return PingPacket(body)
        case "0":
            found = _object(body)
            try:
                most = found.get("maxPayload", 0)
                return OpenPacket(
                    found["sid"],
                    found["pingInterval"],
                    found["pingTimeout"],
                    most if isinstance(most, int) else 0,
                )
            except KeyError as error:
                raise BadPacket(f"handshake without {error}") from None
        case "1":
            return ClosePacket()
        case "3" | "6":
            return Nothing()
    raise BadPacket(f"unknown Engine.IO packet {text[:20]!r}")


def _decode_message(text: str) -> Packet:
    kind, body = text[:1], text[1:]
    if body.startswith("/"):
        raise BadPacket("packet of a namespace that was not joined")
    match kind:
        case "2" | "3":
            digits = _ACK_ID.match(body)
            ack_id = int(digits[0]) if digits else None
            args = _json(body[digits.end() :] if digits else body)
            if kind == "3":
                if ack_id is None or not isinstance(args, list):
                    raise BadPacket("acknowledgement without id or arguments")
                return Ack(ack_id, args)
            if not isinstance(args, list) or not args or not isinstance(args[0], str):
                raise BadPacket("event without name")
            return Event(args[0], args[1:], ack_id)
        case "0":
            return ConnectPacket(str(_object(body or "{}").get("sid", "")))
        case "1":
            return ClosePacket()
        case "4":
            return ConnectErrorPacket(str(_object(body or "{}").get("message", "refused")))
    raise BadPacket(f"unknown Socket.IO packet {text[:20]!r}")


def _object(text: str) -> dict[str, Any]:
    found = _json(text)
    if not isinstance(found, dict):
        raise BadPacket("an object was expected")
    return found


def _json(text: str) -> Any:
    try:
        # A server nests what a client sent in one more level, which must not end everybody's
        # connection.
        return loads(text, deepest=2 * MOST_DEEP)
    except ValueError as error:
        raise BadPacket(f"not JSON: {error}") from None
