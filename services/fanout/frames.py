"""Messages as Engine.IO packets, each encoded once however many sessions take it."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

from padfleet.services.fanout.flush import AcceptCommit, Missed, NewChanges, NewChangesBatch, Step
from padfleet.shared.log.records import Revision
from padfleet.shared.wire.jsontext import dumps, loads

_COLLAB = b'["message",{"type":"COLLABROOM","data":'
_CLOSE = b"}]"

CACHE_SIZE = 64
"""Encoded messages kept for the sessions of a room. Sessions at the same place take the same one
within one flush, so a few are enough; older ones are made again from the revision."""

CACHE_BYTES = 4 << 20
"""Of all of these, the newest one aside: they are copies of what the feed holds."""


MISSED_KEPT = 256
"""Messages kept of what returning clients have missed, at least as many as are read at once. When a
worker dies its clients come to another together, and have all missed the same."""

MISSED_BYTES = 16 * 1024
"""Bytes of such a message from which on it is not kept, but made again: long ones are few."""

PIECE = 64 * 1024
"""Bytes of a long packet that are handed to a connection at once."""


class Frame:
    """One Engine.IO packet, or several that leave in one write, ready for either transport."""

    __slots__ = ("_payload_at", "_several", "websocket")

    def __init__(self, payload: bytes) -> None:
        header = _websocket_header(len(payload))
        self._payload_at = len(header)
        self._several: tuple[Frame, ...] = ()
        self.websocket = header + payload
        """The bytes on a WebSocket, shared by all sockets that they are written to."""

    @classmethod
    def joined(cls, frames: Sequence["Frame"]) -> "Frame":
        """All of them, in this order; a single one is itself."""
        if len(frames) == 1:
            return frames[0]
        made = cls.__new__(cls)
        made._several = tuple(frames)
        made.websocket = b"".join([frame.websocket for frame in frames])
        return made

    @property
    def payload(self) -> bytes:
        """The packets as polling has them, with record separators between (Engine.IO 4)."""
        if self._several:
            return b"\x1e".join([frame.payload for frame in self._several])
        return self.websocket[self._payload_at :]

    def encode(self, b64: bool = False) -> str:
        """For engineio's `Payload`, which asks this of its packets."""
        return self.payload.decode()


class Parcel:
    """One Engine.IO packet that is long, and most of which others are sent too: it is kept in its
    pieces, so that for one more who has not taken it yet there is no more to keep than where it
    is."""

    __slots__ = ("_held", "_parts", "size")

    def __init__(self, parts: Sequence[bytes], held: object = None) -> None:
        """`held` is kept alive as long as the parcel is."""
        self._parts = tuple(parts)
        self._held = held
        self.size = sum(map(len, self._parts))
        """Bytes of the packet."""

    @property
    def payload(self) -> bytes:
        """As `Frame.payload`, all in one: a copy."""
        return b"".join(self._parts)

    @property
    def websocket(self) -> bytes:
        """As `Frame.websocket`: a copy."""
        return _websocket_header(self.size) + self.payload

    def pieces(self) -> Iterator[memoryview]:
        """The packet in pieces, which are no copies."""
        for part in self._parts:
            view = memoryview(part)
            for at in range(0, len(view), PIECE):
                yield view[at : at + PIECE]

    def websocket_pieces(self) -> Iterator[bytes | memoryview]:
        """Likewise as it is on a WebSocket. It may end early there, but nothing may come between:
        it is one frame."""
        yield _websocket_header(self.size)
        yield from self.pieces()


def _websocket_header(length: int) -> bytes:
    """Of an unmasked text frame in one piece (RFC 6455, 5.2)."""
    if length < 126:
        return bytes((0x81, length))
    if length < 1 << 16:
        return b"\x81\x7e" + length.to_bytes(2, "big")
    return b"\x81\x7f" + length.to_bytes(8, "big")


PING = Frame(b"2")
CLOSE = Frame(b"1")
NOOP = Frame(b"6")


def packet(message: Any, event: str = "message") -> Frame:
    """Any message to a client, as the Socket.IO event that carries it."""
    return Frame(b"42" + dumps([event, message]).encode())


def collab(data: Any) -> Frame:
    return _collab(dumps(data).encode())


def encoded(event: str, message: bytes) -> Frame:
    """A message that is JSON already."""
    return Frame(b'42["%b",%b]' % (event.encode(), message))


def accept_commit(rev: int) -> Frame:
    return _collab(b'{"type":"ACCEPT_COMMIT","newRev":%d}' % rev)


def new_changes(revision: Revision) -> Frame:
    return _collab(revision.wire)


def new_changes_batch(revisions: tuple[Revision, ...]) -> Frame:
    changes = b",".join([revision.wire for revision in revisions])
    return _collab(b'{"type":"NEW_CHANGES_BATCH","changes":[%b]}' % changes)


def with_ack(frame: Frame, rev: int) -> Frame:
    """The same message, of which the client is asked to acknowledge that it has arrived.

    The id of a Socket.IO acknowledgement is free for the sender to choose. The rev as id makes
    the frame the same for every socket that gets it, and the answer needs no table.
    """
    return Frame(b"42%d%b" % (rev, frame.payload.removeprefix(b"42")))


def missed(revision: Revision, head: int, origin: str = "") -> Frame:
    """CLIENT_RECONNECT with one revision; `origin` is the session it came from, if that is told.

    A page takes every such revision of its own author for the answer to the edit it had in
    flight. A correction by the server (no origin) bears the author's name but answers nothing, so
    it goes out without: the page then applies it, where Etherpad's would lose it.
    """
    data = loads(revision.wire)
    return collab(
        {
            "type": "CLIENT_RECONNECT",
            "headRev": head,
            "newRev": revision.rev,
            "changeset": data["changeset"],
            "apool": data["apool"],
            "author": revision.author if revision.origin or revision.rev == 0 else "",
            "currentTime": revision.time,
            **({"origin": origin} if origin else {}),
        }
    )


def session_is(session: str) -> Frame:
    """Tells a client that has announced SESSIONS what its session is called, and that chat messages
    with a `requestID` are taken once."""
    return collab({"type": "SESSION", "id": session, "supports": ["CHAT_REQUEST_ID"]})


def nothing_missed(head: int) -> Frame:
    return collab({"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": head})


def _collab(data: bytes) -> Frame:
    return Frame(b"42%b%b%b" % (_COLLAB, data, _CLOSE))


class Frames:
    """The frames of a room's steps, shared by its sessions."""

    def __init__(self) -> None:
        self._cache: OrderedDict[tuple[int, int], Frame] = OrderedDict()
        self._bytes = 0
        self._missed: OrderedDict[tuple[int, int, str], Frame] = OrderedDict()

    def of(self, step: Step) -> Frame:
        match step:
            case NewChanges(revision):
                return self._shared((revision.rev, revision.rev), step)
            case NewChangesBatch(revisions):
                return self._shared((revisions[0].rev, revisions[-1].rev), step)
            case AcceptCommit():
                return accept_commit(step.rev)
            case Missed():
                return self._of_missed(step)

    def clear(self) -> None:
        """When the revisions start anew, their numbers mean something else."""
        self._cache.clear()
        self._bytes = 0
        self._missed.clear()

    def _of_missed(self, step: Missed) -> Frame:
        key = (step.revision.rev, step.head, step.origin)
        made = self._missed.get(key)
        if made is None:
            made = missed(*step)
            if len(made.websocket) < MISSED_BYTES:
                self._missed[key] = made
            if len(self._missed) > MISSED_KEPT:
                self._missed.popitem(last=False)
        return made

    def _shared(self, key: tuple[int, int], step: NewChanges | NewChangesBatch) -> Frame:
        made = self._cache.get(key)
        if made is None:
            made = (
                new_changes(step.revision)
                if isinstance(step, NewChanges)
                else new_changes_batch(step.revisions)
            )
            self._cache[key] = made
            self._bytes += len(made.websocket)
            while len(self._cache) > CACHE_SIZE or (
                self._bytes > CACHE_BYTES and len(self._cache) > 1
            ):
                self._bytes -= len(self._cache.popitem(last=False)[1].websocket)
        return made
