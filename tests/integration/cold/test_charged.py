"""Tests that an author who names one cold pad after the other is charged for it, like one who makes
new pads, since each of them has to be fetched."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from padfleet.services.fanout.auth.decision import Denied
from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.auth.open_access import OpenAccess
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.limits.addresses import Trusted
from padfleet.services.fanout.limits.allowances import RateExceeded
from padfleet.services.fanout.limits.new_pads import NewPads
from padfleet.services.fanout.limits.request_rate import RequestRate
from padfleet.services.fanout.requests.hooks import Hooks
from padfleet.services.fanout.requests.http_access import HttpAccess
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.payers import Payer
from padfleet.shared.settings import FanoutSettings
from padfleet.shared.visit import TooFast, Visitor
from tests.eventually import eventually
from tests.integration.archive.made_pad import written
from tests.integration.cold.scene import Scene

AT_ONCE = 2
"""Pads that an author may fetch, or make, before having to wait for half a minute."""


@pytest.fixture
async def scene(redis: Redis, keyspace: Keyspace) -> Scene:
    made = Scene(redis, keyspace)
    for name in ("one", "two", "three"):
        await made.make(name, written(3))
        assert await made.freeze(name) == "ok"
    return made


@pytest.fixture
async def join_handler(
    scene: Scene, redis: Redis, keyspace: Keyspace, inbox: InboxWriter
) -> AsyncIterator[JoinHandler]:
    rooms = Rooms(redis, keyspace, PacingRules(), worker_id="w", ring=100, stall_timeout=60)
    yield JoinHandler(
        redis,
        keyspace,
        rooms,
        inbox,
        FanoutSettings(),
        "w",
        OpenAccess(redis, keyspace, "", 1000),
        Hooks(redis),
        new_pads=NewPads(per_author=AT_ONCE, per_address=0),
    )
    await rooms.close()


async def join(join_handler: JoinHandler, pad: str, who: str = "ada") -> None:
    message = {"padId": pad, "token": f"t.{who}5678901234567"}
    with join_handler.ahead(message) as ahead:
        identity = await join_handler.identify(Handshake("", {}, ""), message, ahead)
        session, room = await join_handler.join(Outbound(), identity, message)
    assert room.feed.head == 2
    await join_handler.leave(room, session)


async def test_a_pad_that_has_to_be_fetched_counts_like_a_new_one(
    scene: Scene, join_handler: JoinHandler
) -> None:
    for name in ("one", "two", "one", "two", "one"):
        await join(join_handler, name)
    with pytest.raises(RateExceeded):
        await join(join_handler, "three")
    assert list(join_handler.rooms) == []
    assert await scene.keys_of("three") == [], "it was not fetched while it was found out who asks"
    assert await scene.thawing.has("three")
    await join(join_handler, "three", "bert")
    await join(join_handler, "three")


async def test_nobody_fetches_a_pad_before_it_is_known_who_they_are(
    scene: Scene, join_handler: JoinHandler
) -> None:
    message = {"padId": "one", "token": "not one of ours"}
    with join_handler.ahead(message) as ahead:
        (room,) = join_handler.rooms
        await eventually(lambda: join_handler.rooms.subscriber.connected)
        with pytest.raises(Denied):
            await join_handler.identify(Handshake("", {}, ""), message, ahead)
        assert not room.may_fetch.is_set()
    assert await scene.keys_of("one") == []


async def test_who_waits_for_the_same_pad_gets_it_when_somebody_has_fetched_it(
    join_handler: JoinHandler,
) -> None:
    """A room that was opened ahead for somebody who never comes is shared with those who do."""
    with join_handler.ahead({"padId": "one"}):
        await join(join_handler, "one")


async def test_a_name_without_a_pad_is_not_charged_twice(join_handler: JoinHandler) -> None:
    """The pad is charged where it is made."""
    message = {"padId": "never", "token": "t.12345678901234567"}
    for _ in range(3 * AT_ONCE):
        identity = await join_handler.identify(Handshake("", {}, ""), message)
        assert identity.unmade


async def test_exports_are_charged_too(
    scene: Scene, join_handler: JoinHandler, redis: Redis, keyspace: Keyspace
) -> None:
    door = HttpAccess(
        redis, keyspace, join_handler.access, Trusted((), ""), join_handler.new_pads, RequestRate(0)
    )

    def visitor(pad: str, author: str, *, link: str = "") -> Visitor:
        return Visitor(pad, link or pad, author, False, Payer("192.0.2.1"))

    for author in ("a.1", ""):
        for name in ("one", "two"):
            await door.charge(visitor(name, author))
        with pytest.raises(TooFast):
            await door.charge(visitor("three", author))
        await door.charge(visitor("three", author, link="r.three"))
        await door.charge(visitor("never", author))
    assert await scene.keys_of("one") == []
    await scene.thawing.bring("three")
    await door.charge(visitor("three", "a.1"))
