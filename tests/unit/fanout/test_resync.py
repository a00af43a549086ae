"""A replica that is compared with what is stored, while revisions come."""

from __future__ import annotations

from typing import Any, cast

import pytest

from padfleet.services.fanout.pads import resync as resync_module
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.pads.resync import Resync
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.document import Document
from padfleet.shared.log.pad.meta import PadMeta
from tests.unit.fanout.revisions import chain, feed_at, revisions

KEYS = Keyspace(1).pad("pad")


class Room:
    """All that has to do with a replica: who is told of it, and who is served from it."""

    def __init__(self) -> None:
        self.kept: list[int] = []

    def rolled_back(self, kept: int) -> int:
        self.kept.append(kept)
        return 1

    def deleted(self, *_: object) -> None:
        raise AssertionError("nobody has deleted it")

    def continue_under_new_reign(self) -> list[str]:
        return []

    def revisions_due(self) -> None:
        pass


def stored(head: int, reign: str) -> PadMeta:
    return PadMeta(head, 1, 0, chain(head, 0), "", None, 0, -1, reign, [], "", "")


async def test_I5_what_came_while_a_new_reign_was_read_is_not_taken_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The old primary still says what it commits while the new one, which lacks that, is asked."""
    room, replica = Room(), PadReplica(cast(Redis, None), KEYS, ring=100)
    replica.feed, replica.epoch, replica.reign = feed_at(12, 100), 1, "old"
    resync = Resync(
        cast(Redis, None), "pad", KEYS, replica, SendingGate(), cast(Any, room), cast(Any, room)
    )
    questions = 0

    async def read(*_: object) -> PadMeta:
        nonlocal questions
        questions += 1
        if questions == 1:
            resync.take(revisions(13, 14, 15), "old")
        return stored(12, "new")

    async def common(_: PadMeta) -> int:
        return 12

    async def whole() -> tuple[PadMeta, Document]:
        return stored(12, "new"), Document(1)

    monkeypatch.setattr(resync_module, "read_told_meta", read)
    monkeypatch.setattr(replica, "common", common)
    monkeypatch.setattr(replica, "read", whole)
    await resync.done()
    assert room.kept == [12], "those who were shown 13 to 15 are told to reload"
    assert replica.reign == "new"
    resync.close()
