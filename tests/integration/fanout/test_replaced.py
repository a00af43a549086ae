"""Tests a room whose pad is replaced by another history."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.records import Revision
from tests.eventually import eventually
from tests.integration.archive.made_pad import written

PAD = "replaced"


async def put(redis: Redis, keyspace: Keyspace, history: list[Revision]) -> None:
    staging = await Staging.begin(redis, keyspace, PAD, head=len(history) - 1)
    await staging.add(history)
    await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=True)


@pytest.mark.parametrize("message", ["heard", "lost"])
@pytest.mark.parametrize("length", [3, 6, 12])
async def test_I5_it_goes_on_with_the_other_history(
    message: str,
    length: int,
    rooms: Rooms,
    redis: Redis,
    keyspace: Keyspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The other history may be shorter, as long, or longer. If the message is lost, a comparison
    finds it."""
    await put(redis, keyspace, written(6))
    room = await rooms.enter(PAD)
    before = room.epoch
    assert room.feed.head == 5
    if message == "lost":
        ignore: Callable[[str, bytes], None] = lambda _channel, _data: None  # noqa: E731
        monkeypatch.setattr(rooms.subscriber, "_on_message", ignore)
    other = written(length, parts_at=2)
    await put(redis, keyspace, other)
    if message == "lost":
        await rooms.audit()
    await eventually(lambda: room.epoch > before and room.feed.head == length - 1, "it follows")
    assert room.feed.chain == other[-1].chain
    document = await room.replica.document()
    assert (document.head, document.chain) == (length - 1, other[-1].chain)
    assert room.feed.first == length, "all of it was read, where its end is enough"
    rooms.leave(room)
