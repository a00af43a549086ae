"""Tests that what a client only asked for is not looked up once it has gone, and that what it said
is still taken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.collab import handlers
from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.limits.allowances import Allowances
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.context import RequestContext
from padfleet.services.fanout.requests.handlers import Handlers, MessageHandler
from padfleet.services.fanout.requests.messages import Messages
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.settings import FanoutSettings


class Served:
    def __init__(self) -> None:
        self.kinds: list[str] = []

    async def serve(self, asked: RequestContext) -> None:
        self.kinds.append(asked.data["type"])


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def messages(served: Served) -> Messages:
    ours = handlers("")
    kinds = {
        name: MessageHandler(served.serve, None, is_question=known.is_question)
        for name, known in ours._kinds.items()
    }
    settings = FanoutSettings()
    hooks = SimpleNamespace(handle_message=())
    join_handler = SimpleNamespace(hooks=hooks, redis=None, settings=settings)
    unused = cast(Any, None)
    return Messages(
        cast(Any, join_handler),
        unused,
        Allowances.of(settings),
        unused,
        Handlers(kinds, {}, lambda _: None),
        unused,
    )


def joined(exit_: Outbound) -> Socket:
    session = Session(SessionIdentity("a.x", "p", "p", "r.0", False, False), exit_, batching=False)
    session.joins(0, DeliveryCursor(0))
    room = cast(Room, SimpleNamespace(sessions={session.id: session}))
    return Socket(Handshake("", {}, "", None), exit_, session=session, room=room)


def says(kind: str) -> dict[str, Any]:
    return {"component": "pad", "type": "COLLABROOM", "data": {"type": kind}}


async def test_a_question_that_waits_when_its_client_goes_is_dropped(
    messages: Messages, served: Served
) -> None:
    out = Outbound()
    socket = joined(out)
    assert await messages.received(socket, says("GET_CHAT_MESSAGES")) == (None, None)
    out.end()
    answer = await messages.received(socket, says("GET_CHAT_MESSAGES"))
    assert isinstance(answer, dict)
    assert "client disconnected" in answer["message"]
    assert served.kinds == ["GET_CHAT_MESSAGES"]


async def test_what_somebody_said_before_leaving_is_taken(
    messages: Messages, served: Served
) -> None:
    out = Outbound()
    socket = joined(out)
    out.end()
    for kind in ("CHAT_MESSAGE", "SAVE_REVISION", "USERINFO_UPDATE"):
        assert await messages.received(socket, says(kind)) == (None, None)
    assert served.kinds == ["CHAT_MESSAGE", "SAVE_REVISION", "USERINFO_UPDATE"]
