"""Messages as Engine.IO packets, each encoded once however many sessions take it."""

from collections import OrderedDict
from typing import Any

from engineio.packet import MESSAGE, Packet

from services.fanout.flush import AcceptCommit, Missed, NewChanges, NewChangesBatch, Step
from shared.log.records import Revision
from shared.wire.jsontext import dumps, loads

_OPEN = '2["message",{"type":"COLLABROOM","data":'
_CLOSE = "}]"

CACHE_SIZE = 64
"""Encoded messages kept for the sessions of a room. Sessions at the same place take the same one
within one flush, so a few are enough; older ones are made again from the revision."""


def packet(message: Any, event: str = "message") -> Packet:
    """Any message to a client, as the Socket.IO event that carries it."""
    return Packet(MESSAGE, data="2" + dumps([event, message]))


def collab(data: Any) -> Packet:
    return Packet(MESSAGE, data=f"{_OPEN}{dumps(data)}{_CLOSE}")


def accept_commit(rev: int) -> Packet:
    return Packet(MESSAGE, data=f'{_OPEN}{{"type":"ACCEPT_COMMIT","newRev":{rev}}}{_CLOSE}')


def new_changes(revision: Revision) -> Packet:
    return Packet(MESSAGE, data=f"{_OPEN}{revision.wire.decode()}{_CLOSE}")


def new_changes_batch(revisions: tuple[Revision, ...]) -> Packet:
    changes = ",".join(revision.wire.decode() for revision in revisions)
    return Packet(
        MESSAGE, data=f'{_OPEN}{{"type":"NEW_CHANGES_BATCH","changes":[{changes}]}}{_CLOSE}'
    )


def missed(revision: Revision, head: int) -> Packet:
    """CLIENT_RECONNECT with one revision.

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
        }
    )


def nothing_missed(head: int) -> Packet:
    return collab({"type": "CLIENT_RECONNECT", "noChanges": True, "newRev": head})


class Frames:
    """The packets of a room's steps, shared by its sessions."""

    def __init__(self) -> None:
        self._cache: OrderedDict[tuple[int, int], Packet] = OrderedDict()

    def of(self, step: Step) -> Packet:
        match step:
            case NewChanges(revision):
                return self._shared((revision.rev, revision.rev), step)
            case NewChangesBatch(revisions):
                return self._shared((revisions[0].rev, revisions[-1].rev), step)
            case AcceptCommit(rev, _):
                return accept_commit(rev)
            case Missed(revision, head):
                return missed(revision, head)

    def clear(self) -> None:
        """When the revisions start anew, their numbers mean something else."""
        self._cache.clear()

    def _shared(self, key: tuple[int, int], step: NewChanges | NewChangesBatch) -> Packet:
        made = self._cache.get(key)
        if made is None:
            made = (
                new_changes(step.revision)
                if isinstance(step, NewChanges)
                else new_changes_batch(step.revisions)
            )
            self._cache[key] = made
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return made
