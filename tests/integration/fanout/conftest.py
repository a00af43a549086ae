"""Starts one writer for all the tests of this folder that start workers of their own. For tests of
joins there is a `JoinHandler` without a worker, with a writer of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from padfleet.services.fanout.auth.open_access import OpenAccess
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.requests.client_capabilities import Introduced
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.joining import Joining
from padfleet.services.fanout.requests.resuming import Resuming
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.people.author_records import Author
from padfleet.shared.settings import FanoutSettings
from tests.fleet import Fleet, Member, fleet_of_its_own
from tests.integration.writer.traffic import create

StartWorker = Callable[..., Member]

PAD = "p"
"""The pad that is there behind the `join_handler`."""

KEEP_MS = 3_600_000
"""How long authors are kept who contribute nothing, in milliseconds."""


@pytest.fixture
def writer(redis_url: str, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(redis_url, tmp_path, {"PADFLEET_PARTITIONS": "4"}) as fleet:
        yield fleet.start(writers=1, workers=0)


@pytest.fixture
async def rooms(redis: Redis, keyspace: Keyspace) -> AsyncIterator[Rooms]:
    """Yields the rooms of a worker `w`, of which nothing else exists."""
    opened = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=1000, stall_timeout=60)
    yield opened
    await opened.close()


@pytest.fixture
async def join_handler(
    writer: Fleet, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> AsyncIterator[JoinHandler]:
    rooms = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=100, stall_timeout=60)
    await create(inbox, redis, keyspace, PAD)
    access = OpenAccess(redis, keyspace, "", KEEP_MS)
    yield JoinHandler(redis, keyspace, rooms, inbox, FanoutSettings(), "w", access, Hooks(redis))
    await rooms.close()


@pytest.fixture(scope="module")
def shared_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("access")
    settings = {"PADFLEET_PARTITIONS": "4", "PADFLEET_LOG_LEVEL": "debug"}
    with fleet_of_its_own(folder, settings, writers=1, workers=0) as running:
        yield running


@pytest.fixture(scope="module")
def start_worker(shared_fleet: Fleet) -> StartWorker:
    """Starts a worker with these settings besides those of the fleet."""

    def start(**settings: str) -> Member:
        usual = shared_fleet.settings
        shared_fleet.settings = usual | settings
        try:
            return shared_fleet.start(writers=0, workers=1).workers[-1]
        finally:
            shared_fleet.settings = usual

    return start


def coming_back(join_handler: JoinHandler, room: Room, session: Session, me: Author) -> Resuming:
    """Returns the `Resuming` of a session that comes back to this pad and whose author is on record
    already."""
    joining = Joining(
        join_handler.redis,
        join_handler.keyspace,
        join_handler.worker_id,
        room,
        session,
        Introduced(me, None, None),
    )
    return Resuming(joining, join_handler.gate, join_handler.inbox)
