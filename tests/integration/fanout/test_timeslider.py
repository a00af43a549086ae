"""Tests how the history of a long pad is gathered: in steps, from the nearest place, and within its
limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import pytest

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.timeslider import requests
from padfleet.services.fanout.timeslider.changeset_request import ChangesetRequest, granules_of
from padfleet.services.fanout.timeslider.granules import BLANK
from padfleet.services.fanout.timeslider.helper import HelperFailed, HistoryHelper
from padfleet.services.fanout.timeslider.job import HistoryJob, work
from padfleet.services.fanout.timeslider.past import PadPast
from padfleet.services.fanout.timeslider.requests import Check, Timeslider
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame, Parcel
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.meta import read_meta
from padfleet.shared.log.pad.staging import Staging
from padfleet.shared.log.records import Revision
from padfleet.shared.payers import Payer
from tests.eventually import eventually
from tests.histories import lived_in
from tests.stored import Stored

PAD = "long"
LENGTH = 3200


STORED = Stored()
"""The pad."""


@cache
def history() -> list[Revision]:
    return lived_in(LENGTH, seed=4)


@cache
def records() -> list[bytes]:
    return [revision.to_record() for revision in history()]


class Ear(Outbound):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[dict[str, Any]] = []

    def write(self, frame: Frame | Parcel) -> None:
        _, message = json.loads(frame.payload[2:])
        self.heard.append(message["data"])


@pytest.fixture
async def room(redis: Redis, keyspace: Keyspace) -> AsyncIterator[Room]:
    """Yields the room of a pad whose first thousand revisions are in a chunk."""

    async def make() -> None:
        staging = await Staging.begin(redis, keyspace, PAD, head=LENGTH - 1)
        await staging.add(history())
        await staging.install(above_epoch=0, creator="a.x", read_only_id=None, replace=False)

    await STORED.put(redis, make)
    assert (await read_meta(redis, keyspace.pad(PAD))).first == 1000
    rooms = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=1000, stall_timeout=60)
    yield await rooms.enter(PAD)
    await rooms.close()


@pytest.fixture
async def slider(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Timeslider]:
    monkeypatch.setattr(requests, "SECONDS", 60.0)  # a busy machine is given all the same
    made = Timeslider(redis, HistoryHelper())
    yield made
    await made.close()


def visitor(room: Room) -> tuple[Session, Ear]:
    ear = Ear()
    session = Session(SessionIdentity("a.x", PAD, PAD, "r.0", False, False), ear, batching=False)
    session.joins(room.epoch, DeliveryCursor(room.feed.head))
    room.enter(session)
    return session, ear


async def ask(slider: Timeslider, room: Room, start: int, size: int) -> dict[str, Any]:
    session, ear = visitor(room)
    data = {"start": start, "granularity": size, "requestID": "x"}
    await slider.asked(room, session, {"data": data}, payer=Payer("1"))
    (answer,) = ear.heard
    assert answer.pop("requestID") == "x"
    return answer


@cache
def expected(start: int, size: int, granules: int | None = None) -> dict[str, Any]:
    wanted = granules_of(ChangesetRequest(start, size, 1), LENGTH - 1)
    wanted = wanted.cut(granules or wanted.granules)
    job = HistoryJob(
        BLANK, [(0, None, records())], wanted.last, start, size, wanted.granules, wanted.end, 60
    )
    found: dict[str, Any] = json.loads(b"{%b}" % work(job).data)
    return found


@pytest.mark.parametrize(("start", "size"), [(0, 100), (900, 10), (1000, 1), (3100, 1), (950, 7)])
async def test_a_changeset_request_is_answered_exactly(
    slider: Timeslider, room: Room, start: int, size: int
) -> None:
    assert await ask(slider, room, start, size) == expected(start, size)
    again = await ask(slider, room, start, size)
    assert again == expected(start, size)


async def test_a_long_way_is_played_in_steps(
    slider: Timeslider, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MOST_REVISIONS", 300)
    steps: list[HistoryJob] = []
    done = slider._done

    async def counted(history: Any, job: HistoryJob) -> Any:
        steps.append(job)
        return await done(history, job)

    monkeypatch.setattr(slider, "_done", counted)
    assert await ask(slider, room, 3100, 1) == expected(3100, 1)
    assert [job.last for job in steps] == [*range(299, 3000, 300), 3199]
    assert all(job.last - job.begin.rev <= 600 for job in steps)
    steps.clear()
    assert await ask(slider, room, 3000, 1) == expected(3000, 1)
    assert [job.begin.rev for job in steps] == [2999], "the steps before were of use"


async def test_what_is_too_much_to_hold_comes_in_parts(
    slider: Timeslider, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_read = sum(len(revision.to_record()) for revision in history()[1000:1200])
    monkeypatch.setattr(requests, "MOST_BYTES", 2 * a_read)
    answer = await ask(slider, room, 1100, 100)
    count = len(answer["forwardsChangesets"])
    assert 1 <= count < 21
    assert answer == expected(1100, 100, count)
    with pytest.raises(ClientError, match="too large together"):
        await ask(slider, room, 1000, 1000)


async def test_the_writers_snapshot_is_a_place_to_begin(
    slider: Timeslider, room: Room, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = await Staging.begin(redis, Keyspace(4), "shorter", head=2999)
    await staging.add(history()[:3000])
    _, written = staging._snapshot(room.epoch)
    await redis.client.set(room.keys.snap, written)
    begun: list[int] = []
    done = slider._done

    async def noted(history: Any, job: HistoryJob) -> Any:
        begun.append(job.begin.rev)
        return await done(history, job)

    monkeypatch.setattr(slider, "_done", noted)
    assert await ask(slider, room, 3100, 1) == expected(3100, 1)
    assert begun == [2999]


async def test_too_many_at_once_are_turned_away(
    slider: Timeslider, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, ear = visitor(room)
    monkeypatch.setattr(requests, "MOST_OF_ONE", 0)
    data = {"start": 0, "granularity": 1, "requestID": 1}
    with pytest.raises(ClientError, match="too many requests"):
        await slider.asked(room, session, {"data": data}, payer=Payer("1"))
    monkeypatch.undo()
    await slider.asked(room, session, {"data": data}, payer=Payer("1"))
    assert len(ear.heard) == 1


async def test_one_address_does_not_take_the_places_of_others(
    slider: Timeslider, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not, however many sessions it has, and however long their requests take."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    members = slider._members

    async def slow(past: PadPast, request: ChangesetRequest, check: Check) -> bytes:
        if request.request_id == "slow":
            begun.set()
            await go_on.wait()
        return await members(past, request, check)

    monkeypatch.setattr(slider, "_members", slow)

    async def greedy() -> str:
        session, _ = visitor(room)
        data = {"start": 0, "granularity": 1, "requestID": "slow"}
        try:
            await slider.asked(room, session, {"data": data}, payer=Payer("greedy"))
        except ClientError as error:
            return str(error)
        return ""

    crowd = [asyncio.create_task(greedy()) for _ in range(80)]
    await begun.wait()
    for _ in range(20):
        assert await ask(slider, room, 0, 100) == expected(0, 100)
    go_on.set()
    refused = [text for text in await asyncio.gather(*crowd) if text]
    assert len(refused) == 80 - requests.QUEUED_OF_ADDRESS - requests.MOST_WAITING
    assert all("too many requests" in text for text in refused)


@pytest.mark.parametrize("when", ["while they wait", "between two steps"])
async def test_the_questions_of_a_client_that_has_gone_are_dropped(
    slider: Timeslider, room: Room, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Each took up to some seconds of the helper, and everybody else's questions waited."""
    monkeypatch.setattr(requests, "MOST_REVISIONS", 300)
    session, ear = visitor(room)
    jobs: list[HistoryJob] = []
    done = slider._done

    async def counted(history: Any, job: HistoryJob) -> Any:
        jobs.append(job)
        answer = await done(history, job)
        ear.end()
        return answer

    monkeypatch.setattr(slider, "_done", counted)
    data = {"start": 3100, "granularity": 1, "requestID": "x"}
    asked = slider.asked(room, session, {"data": data}, payer=Payer("1"))
    if when == "while they wait":
        ear.end()
    with pytest.raises(ClientError, match="client disconnected"):
        await asked
    assert len(jobs) == (when == "between two steps")
    assert ear.heard == []


async def test_a_history_with_a_gap_disconnects_nobody(
    slider: Timeslider, room: Room, redis: Redis
) -> None:
    await redis.client.hdel(room.keys.chunks, "0")
    with pytest.raises(ClientError, match="cannot be read at the moment"):
        await ask(slider, room, 500, 1)


async def test_an_idle_helper_ends_and_another_comes() -> None:
    job = HistoryJob(BLANK, [(0, None, [history()[0].to_record()])], 0, 0, 1, 1, 1, 60)
    helper = HistoryHelper(idle=0.05)
    answer = await helper.do(job)
    await eventually(lambda: helper.pid is None, "it rests")
    assert await helper.do(job) == answer
    await helper.close()
    assert not helper.pid
    with pytest.raises(HelperFailed, match="stopping"):
        await helper.do(job)


async def test_a_pipe_that_has_closed_costs_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvloop raises RuntimeError on a write to a process that has died unnoticed."""
    job = HistoryJob(BLANK, [(0, None, [history()[0].to_record()])], 0, 0, 1, 1, 1, 60)
    helper = HistoryHelper()
    answer = await helper.do(job)
    first, process = helper.pid, helper._process._process
    assert process is not None

    def closed(_data: bytes) -> None:
        raise RuntimeError("the handler is closed")

    monkeypatch.setattr(process.stdin, "write", closed)
    assert await helper.do(job) == answer
    assert helper.pid != first
    await helper.close()
