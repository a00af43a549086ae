"""Reads messages as far as a cheap client needs them. No change is applied here.

For a revision by another author, only the beginning is read: its number, and the lengths in the
changeset's header (``Z:<length before>><how much longer>`` in base 36). A search for that among the
bytes cannot be misled by the content of texts or names: in those, JSON puts a backslash before
every quote, and the quote that ends a string is followed by one of ``,:]}``. So
``{"type":"NEW_CHANGES"`` with plain quotes is never inside a string. A message in another order
than Etherpad's is parsed completely.
"""

import re
from typing import Any, NamedTuple

from padfleet.shared.wire import socketio

_COLLAB = re.compile(rb'42(\d*)\["message",\{"type":"COLLABROOM","data":\{"type":"([A-Za-z_]+)"')
_CHANGE = re.compile(
    rb'\{"type":"NEW_CHANGES","newRev":(\d+),"changeset":"Z:([0-9a-z]+)([<>])([0-9a-z]+)'
)
_TIME = re.compile(rb',"currentTime":(\d+)[,}]')
_ACCEPT = re.compile(rb',"newRev":(\d+)\}\}\]')
_HEADER = re.compile("Z:([0-9a-z]+)([<>])([0-9a-z]+)")

MEMO_SIZE = 4096
"""How many messages are remembered. The sockets of a pad all get the same bytes within a moment."""


class Changes(NamedTuple):
    """Revisions by other authors, `first` to `last`."""

    first: int
    last: int
    before: int  #: the document's length before the first, in UTF-16 code units
    after: int  #: and its length after the last
    revisions: int  #: how many these are
    times: list[tuple[int, int]]
    """The server's clock in ms, and how many of the revisions bear that time."""
    broken: str | None = None  #: in what way these do not follow from each other
    ack_id: int | None = None  #: the server wants to know when this has arrived


class AcceptedFrame(NamedTuple):
    """The edit in flight has become revision `rev`."""

    rev: int
    ack_id: int | None = None


class Vars(NamedTuple):
    """CLIENT_VARS: the client is on the pad."""

    author: str
    rev: int
    length: int
    first_line: int  #: its length, without the newline


class Opened(NamedTuple):
    """The handshake of Engine.IO has come."""


class ConnectedFrame(NamedTuple):
    """Socket.IO says that the client is connected."""


class PingFrame(NamedTuple):
    data: str


class TurnedAwayFrame(NamedTuple):
    """The server wants this client gone, or does not admit it."""

    reason: str


class OtherFrame(NamedTuple):
    """A message that changes nothing here, such as who is there, or chat."""

    ack_id: int | None = None


class MalformedFrame(NamedTuple):
    why: str


Heard = (
    Changes
    | AcceptedFrame
    | Vars
    | Opened
    | ConnectedFrame
    | PingFrame
    | TurnedAwayFrame
    | OtherFrame
    | MalformedFrame
)


class Scanner:
    """Reads messages, each distinct one once: one of a thousand readers of a pad pays for all."""

    def __init__(self) -> None:
        self._memo: dict[bytes, Heard] = {}

    def read(self, message: bytes) -> Heard:
        heard = self._memo.get(message)
        if heard is None:
            heard = read(message)
            if not isinstance(heard, Vars):  # large, and unique to this client
                if len(self._memo) >= MEMO_SIZE:
                    self._memo.clear()
                self._memo[message] = heard
        return heard


def read(message: bytes) -> Heard:
    """Reads one Engine.IO packet. It never raises."""
    found = _COLLAB.match(message)
    if found is None:
        return _parsed(message)
    ack_id = int(found[1]) if found[1] else None
    match found[2]:
        case b"NEW_CHANGES" | b"NEW_CHANGES_BATCH":
            return _changes(message, ack_id) or _parsed(message)
        case b"ACCEPT_COMMIT":
            # There is nothing else between the type and the end of the message.
            accepted = _ACCEPT.fullmatch(message, found.end())
            return AcceptedFrame(int(accepted[1]), ack_id) if accepted else _parsed(message)
    return OtherFrame(ack_id)


def _changes(message: bytes, ack_id: int | None) -> Changes | None:
    headers = _CHANGE.findall(message)
    times = _TIME.findall(message)
    if not headers or len(headers) != len(times):
        return None  # not written in the way that we know
    return _joined(
        [(int(rev), *_lengths(old, sign, by)) for rev, old, sign, by in headers],
        [int(time) for time in times],
        ack_id,
    )


def _lengths(old: bytes | str, sign: bytes | str, by: bytes | str) -> tuple[int, int]:
    before, change = int(old, 36), int(by, 36)
    return before, before + change if sign in (b">", ">") else before - change


def _joined(revisions: list[tuple[int, int, int]], times: list[int], ack_id: int | None) -> Changes:
    broken = None
    rev, _, length = revisions[0]
    for next_rev, before, after in revisions[1:]:
        if next_rev != rev + 1:
            broken = f"revision {next_rev} after revision {rev} in one batch"
        elif before != length:
            broken = f"revision {next_rev} is on {before} characters, not {length}, in one batch"
        rev, length = next_rev, after
    counts: dict[int, int] = {}
    for time in times:
        counts[time] = counts.get(time, 0) + 1
    first, before, _ = revisions[0]
    return Changes(first, rev, before, length, len(revisions), list(counts.items()), broken, ack_id)


def _parsed(message: bytes) -> Heard:
    try:
        packet = socketio.decode(message.decode())
    except ValueError as error:  # also for invalid UTF-8
        return MalformedFrame(str(error))
    match packet:
        case socketio.OpenPacket():
            return Opened()
        case socketio.ConnectPacket():
            return ConnectedFrame()
        case socketio.PingPacket(data):
            return PingFrame(data)
        case socketio.ConnectErrorPacket(reason):
            return TurnedAwayFrame(f"refused: {reason}")
        case socketio.ClosePacket():
            return TurnedAwayFrame("closed")
        case socketio.Event("message", [dict(value)], ack_id):
            try:
                return _message(value, ack_id)
            except (LookupError, TypeError, ValueError) as error:
                return MalformedFrame(f"{value.get('type')} that makes no sense: {error!r}")
    return OtherFrame()


def _message(value: dict[str, Any], ack_id: int | None) -> Heard:
    if "disconnect" in value:
        return TurnedAwayFrame(str(value["disconnect"]))
    if "accessStatus" in value:
        return TurnedAwayFrame(f"access: {value['accessStatus']}")
    data = value.get("data")
    if not isinstance(data, dict):
        return OtherFrame(ack_id)
    if value.get("type") == "CLIENT_VARS":
        pad = data["collab_client_vars"]
        text = pad["initialAttributedText"]["text"]
        return Vars(data["userId"], pad["rev"], len(text), text.index("\n"))
    match data.get("type"):
        case "ACCEPT_COMMIT":
            return AcceptedFrame(_number(data["newRev"]), ack_id)
        case "NEW_CHANGES" | "NEW_CHANGES_BATCH" as kind:
            changes = data["changes"] if kind == "NEW_CHANGES_BATCH" else [data]
            if not changes:
                raise ValueError("no revisions")
            return _joined(
                [(_number(change["newRev"]), *_header(change["changeset"])) for change in changes],
                [_number(change["currentTime"]) for change in changes],
                ack_id,
            )
    return OtherFrame(ack_id)


def _header(changeset: str) -> tuple[int, int]:
    found = _HEADER.match(changeset)
    if found is None:
        raise ValueError(f"not a changeset: {changeset[:20]!r}")
    return _lengths(*found.groups())


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a number")
    return value
