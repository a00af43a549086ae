"""Encodes COLLABROOM messages about a pad, and keeps them for all sessions that are sent the
same."""

from collections import OrderedDict
from typing import Any

from padfleet.services.fanout.pads.steps import (
    AcceptCommit,
    Missed,
    NewChanges,
    NewChangesBatch,
    Step,
)
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.records import Revision
from padfleet.shared.tasks import aside
from padfleet.shared.wire.jsontext import dumps, dumps_in_pieces, is_long, loads

_COLLAB = b'["message",{"type":"COLLABROOM","data":'
_CLOSE = b"}]"

CACHE_SIZE = 64
"""How many encoded messages are kept for the sessions of a room. Sessions at the same place take
the same one within one flush, so a few are enough; older ones are encoded again from the
revision."""

CACHE_BYTES = 4 << 20
"""The most bytes of all of these, except for the newest one: they are copies of what the feed
holds."""


MISSED_KEPT = 256
"""How many messages are kept of what returning clients have missed, at least as many as are read at
a time. When a worker dies, its clients come to another one together, and have all missed the
same."""

MISSED_BYTES = 16 * 1024
"""Such a message of this many bytes or more is not kept, but encoded again. Long ones are rare."""


def collab(data: Any) -> Frame:
    return _collab(dumps(data).encode())


async def collab_aside(data: Any) -> Frame:
    """Does what `collab` does, for data that may be long: then it is encoded outside the event
    loop."""
    return await aside(is_long(data), lambda: _collab(dumps_in_pieces(data).encode()))


def accept_commit(rev: int) -> Frame:
    return _collab(b'{"type":"ACCEPT_COMMIT","newRev":%d}' % rev)


def new_changes(revision: Revision) -> Frame:
    return _collab(revision.wire)


def new_changes_batch(revisions: tuple[Revision, ...]) -> Frame:
    changes = b",".join([revision.wire for revision in revisions])
    return _collab(b'{"type":"NEW_CHANGES_BATCH","changes":[%b]}' % changes)


def with_ack(frame: Frame, rev: int) -> Frame:
    """Returns the same message with a request to the client to acknowledge its arrival.

    The sender may choose the id of a Socket.IO acknowledgement freely. With the rev as id, the
    frame is the same for every socket that gets it, and the answer needs no table.
    """
    return Frame(b"42%d%b" % (rev, frame.payload.removeprefix(b"42")))


def missed(revision: Revision, head: int, origin: str = "", nameless: bool = False) -> Frame:
    """Returns a CLIENT_RECONNECT with one revision; `origin` is the session that it came from, if
    the client is to be told.

    A page takes every such revision of its own author for the answer to its edit in flight. A
    correction by the server (no origin) has the author's name but answers nothing, and neither does
    what the author submitted elsewhere (`nameless`). So these are sent without the name: the page
    then applies them, where Etherpad's would lose them.
    """
    data = loads(revision.wire)
    named = revision.rev == 0 or (revision.origin is not None and not nameless)
    return collab(
        {
            "type": "CLIENT_RECONNECT",
            "headRev": head,
            "newRev": revision.rev,
            "changeset": data["changeset"],
            "apool": data["apool"],
            "author": revision.author if named else "",
            "currentTime": revision.time,
            **({"origin": origin} if origin else {}),
        }
    )


def session_is(session: str) -> Frame:
    """Returns the message that tells a client that has announced SESSIONS the name of its session,
    and that chat messages with a `requestID` are accepted once."""
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
        self._missed: OrderedDict[tuple[int, int, str, bool], Frame] = OrderedDict()

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
        """Drops all frames: after the revisions have started again, their numbers mean something
        else."""
        self._cache.clear()
        self._bytes = 0
        self._missed.clear()

    def _of_missed(self, step: Missed) -> Frame:
        key = (step.revision.rev, step.head, step.origin, step.nameless)
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
            ).shared()
            self._cache[key] = made
            self._bytes += len(made.websocket)
            while len(self._cache) > CACHE_SIZE or (
                self._bytes > CACHE_BYTES and len(self._cache) > 1
            ):
                self._bytes -= len(self._cache.popitem(last=False)[1].websocket)
        return made
