"""Tests what happens to a session whose time is over, for each outcome of asking again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from padfleet.services.fanout.auth.decision import Denied, Reason
from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.limits.allowances import RateExceeded
from padfleet.services.fanout.ops.expired import Expired
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.coming_and_going import ComingAndGoing
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.deadlines import Deadlines
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace

OLD = SessionIdentity("a.me", "pad", "r.0", "r.0", True, False, name="Ada", expires=100)
DENY = b'42["message",{"accessStatus":"deny"}]'


class Pads:
    """Stands for `ComingAndGoing`: remembers who has left."""

    def __init__(self) -> None:
        self.deadlines: Deadlines[Socket] = Deadlines()
        self.left: list[Socket] = []

    async def leave(self, socket: Socket) -> None:
        self.left.append(socket)
        socket.session = None


@dataclass
class Door:
    """Stands for `JoinHandler`: answers as it is told."""

    answer: Callable[[], SessionIdentity]
    asked: Any = None
    looks: bool | None = None

    async def identify(
        self, handshake: Handshake, message: dict[str, Any], *, looks: bool
    ) -> SessionIdentity:
        self.asked, self.looks = message, looks
        return self.answer()


class Scene:
    def __init__(self, answer: Callable[[], SessionIdentity], *, reconnect: bool = False) -> None:
        way_out = Outbound()
        self.socket = Socket(Handshake("", {}, ""), way_out)
        self.socket.session = Session(OLD, way_out, batching=False)
        self.pads, self.door = Pads(), Door(answer)
        self.expired = Expired(
            cast("ComingAndGoing", self.pads), cast("JoinHandler", self.door), reconnect=reconnect
        )

    async def sent(self) -> list[bytes]:
        return [frame.payload for frame in await self.socket.exit.poll(0.01)]


def raising(error: Exception) -> Callable[[], SessionIdentity]:
    def answer() -> SessionIdentity:
        raise error

    return answer


async def test_the_same_again_goes_on() -> None:
    scene = Scene(lambda: replace(OLD, expires=200))
    await scene.expired.check(scene.socket)
    assert scene.door.asked == {"padId": "r.0"}, "as the client asked for it"
    assert scene.socket.session is not None
    assert scene.socket.session.identity.expires == 200
    assert scene.pads.deadlines.due(199) == []
    assert scene.pads.deadlines.due(200) == [scene.socket]
    assert not scene.socket.exit.closed


async def test_an_onlookers_grant_ends_too_and_asking_again_leaves_the_pad_where_it_is() -> None:
    scene = Scene(lambda: replace(OLD, expires=200))
    scene.socket.session = None
    # Nobody knows the read-only id of a pad that is away, and somebody has opened it since.
    away = replace(OLD, read_only_id="")
    scene.socket.onlooker = looking = Onlooker(
        away, scene.socket.exit, 1, cast("Redis", None), Keyspace(1)
    )
    await scene.expired.check(scene.socket)
    assert scene.door.looks
    assert not scene.socket.exit.closed
    assert looking.identity.expires == 200
    scene.door.answer = raising(Denied("over", Reason.EXPIRED))
    await scene.expired.check(scene.socket)
    assert scene.pads.left == [scene.socket]
    assert await scene.sent() == [DENY]


async def test_a_denial_is_sent_and_ends_the_session() -> None:
    scene = Scene(raising(Denied("over", Reason.EXPIRED)))
    await scene.expired.check(scene.socket)
    assert scene.pads.left == [scene.socket]
    assert not scene.socket.exit.closed
    assert await scene.sent() == [DENY]


async def test_a_denial_may_break_the_connection_instead_of_answering() -> None:
    scene = Scene(raising(Denied("over", Reason.EXPIRED)), reconnect=True)
    await scene.expired.check(scene.socket)
    assert scene.socket.exit.closed
    assert DENY not in await scene.sent()


@pytest.mark.parametrize(
    "answer",
    [
        lambda: replace(OLD, author="a.other", expires=200),
        lambda: replace(OLD, read_only=False, expires=200),
        lambda: replace(OLD, name="Eve", expires=200),
        lambda: replace(OLD, pad_id="another", expires=200),
        lambda: replace(OLD, expires=None),
        raising(ConnectionError("no Redis")),
        raising(TimeoutError()),
        raising(RateExceeded()),
        raising(ValueError("a bug of ours")),
    ],
    ids=["author", "rights", "name", "pad", "for-ever", "no-redis", "late", "too-fast", "bug"],
)
async def test_anything_else_breaks_the_connection(answer: Callable[[], SessionIdentity]) -> None:
    """A session does not go on after an answer that nobody understands."""
    scene = Scene(answer)
    await scene.expired.check(scene.socket)
    assert scene.socket.exit.closed


@pytest.mark.parametrize("denied", [True, False])
async def test_one_that_has_joined_anew_meanwhile_is_left_alone(denied: bool) -> None:
    def answer() -> SessionIdentity:
        scene.socket.session = fresh
        if denied:
            raise Denied("over", Reason.EXPIRED)
        return replace(OLD, author="a.other", expires=200)

    scene = Scene(answer)
    fresh = Session(OLD, scene.socket.exit, batching=False)
    await scene.expired.check(scene.socket)
    assert scene.socket.session is fresh
    assert fresh.identity is OLD
    assert not scene.socket.exit.closed
    assert scene.pads.left == []


async def test_a_session_that_has_left_is_not_asked_about() -> None:
    scene = Scene(raising(ValueError("asked")))
    scene.socket.session = None
    await scene.expired.check(scene.socket)
    assert scene.door.asked is None
