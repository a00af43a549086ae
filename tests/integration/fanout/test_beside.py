"""Tests that the sessions of a room whose announcements get lost still hear each chat message, and
only once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.chat import say
from padfleet.shared.log.pad.options import change_options
from padfleet.shared.log.pad.saved import save_revision
from padfleet.shared.log.pad.staging import Staging
from tests.eventually import eventually
from tests.integration.archive.made_pad import written

PAD = "beside"


@pytest.fixture
async def room(rooms: Rooms, redis: Redis, keyspace: Keyspace) -> Room:
    await put(redis, keyspace)
    await say(redis, keyspace.pad(PAD), text="before", author="a.x", now_ms=1)
    return await rooms.enter(PAD)


async def put(redis: Redis, keyspace: Keyspace) -> None:
    staging = await Staging.begin(redis, keyspace, PAD, head=3)
    await staging.add(written(4))
    await staging.install(above_epoch=0, creator="a.maker", read_only_id=None, replace=True)


def told(room: Room) -> list[dict[str, Any]]:
    """Returns the news of the room as its sessions receive it."""
    packets = [frame.payload for frame, _ in room.news.since(0)]
    return [json.loads(packet[2:])[1]["data"] for packet in packets]


def texts(room: Room) -> list[str]:
    return [data["message"]["text"] for data in told(room) if data["type"] == "CHAT_MESSAGE"]


@pytest.fixture
def deaf(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Returns a function that makes the room lose everything that comes over the channels, until
    the patch is undone."""

    def lose() -> None:
        monkeypatch.setattr(rooms.subscriber, "_on_message", lambda _channel, _data: None)

    return lose


async def test_what_was_there_is_known_and_not_told(room: Room) -> None:
    variables = json.loads(b"{%b}" % room.metadata.variables)
    assert variables["chatHead"] == 0
    assert room.metadata.creator == "a.maker"
    assert told(room) == []


async def test_the_next_message_shows_that_some_were_lost(
    room: Room, redis: Redis, deaf: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf()
    for number in range(3):
        await say(redis, room.keys, text=f"lost {number}", author="a.x", now_ms=2)
    await save_revision(redis, room.keys, 2, "a.x", "", 2)
    monkeypatch.undo()
    await say(redis, room.keys, text="heard", author="a.x", now_ms=3)
    await eventually(lambda: texts(room) == ["lost 0", "lost 1", "lost 2", "heard"])
    assert room.metadata.chat_head == 4
    assert [saved.rev for saved in room.metadata.saved] == [2]
    await say(redis, room.keys, text="after", author="a.x", now_ms=4)
    await eventually(lambda: texts(room)[4:] == ["after"])
    assert [d["type"] for d in told(room)].count("NEW_SAVEDREV") == 1


async def test_a_channel_that_is_back_triggers_a_comparison(
    room: Room, redis: Redis, deaf: Callable[[], None]
) -> None:
    deaf()
    await say(redis, room.keys, text="lost", author="a.x", now_ms=2)
    await save_revision(redis, room.keys, 1, "a.x", "", 2)
    await change_options(redis, room.keys, {"lang": "de"})
    room.resubscribed()
    await eventually(lambda: [d["type"] for d in told(room)] == ["CHAT_MESSAGE", "NEW_SAVEDREV"])
    variables = json.loads(b"{%b}" % room.metadata.variables)
    assert variables["initialOptions"]["lang"] == "de"
    assert [saved["revNum"] for saved in variables["savedRevisions"]] == [1]


async def test_chat_that_a_fail_over_took_away_does_not_silence_what_comes(
    room: Room, redis: Redis
) -> None:
    for number in range(3):
        await say(redis, room.keys, text=f"lost {number}", author="a.x", now_ms=2)
    await eventually(lambda: len(texts(room)) == 3)
    await redis.client.delete(room.keys.chat)
    await say(redis, room.keys, text="first", author="a.x", now_ms=3)
    await eventually(lambda: room.metadata.chat_head == 0)
    await say(redis, room.keys, text="second", author="a.x", now_ms=3)
    await eventually(lambda: texts(room)[3:] == ["second"])


async def test_another_pad_in_its_place_has_its_own(
    room: Room, redis: Redis, keyspace: Keyspace
) -> None:
    before = room.epoch
    await put(redis, keyspace)
    await eventually(lambda: room.epoch > before)
    await room.metadata.settled()
    assert (room.metadata.chat_head, room.metadata.saved) == (-1, [])
    await say(redis, room.keys, text="new", author="a.x", now_ms=2)
    await eventually(lambda: texts(room) == ["new"])
