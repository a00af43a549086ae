"""Whom an operator sends away between the two looks at whether they are kept out."""

from __future__ import annotations

from typing import Any

import pytest

from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.requests.turning_away import TurnedAway
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.announcements import SentAway, send_away
from padfleet.shared.log.people.presence import members
from padfleet.shared.log.people.sent_away import keep_out
from tests.integration.fanout.conftest import PAD


@pytest.mark.parametrize("more", [{}, {"reconnect": True, "client_rev": 0}], ids=["new", "back"])
async def test_an_author_sent_away_just_before_joining_stays_out(
    join_handler: JoinHandler, redis: Redis, keyspace: Keyspace, more: dict[str, Any]
) -> None:
    """They were found to be welcome, and were not in the room yet when it was told who has to
    leave: they came in, and stayed."""
    message: dict[str, Any] = {"padId": PAD, "token": "t.12345678"}
    first = await join_handler.identify(Handshake("", {}, ""), message)
    session, room = await join_handler.join(Outbound(), first, message)  # the author is known
    await join_handler.leave(room, session)
    message |= more
    identity = await join_handler.identify(Handshake("", {}, ""), message)
    assert (identity.author, identity.kept_out) == (first.author, False)

    await keep_out(redis, PAD, [identity.author], 60)
    await send_away(redis, keyspace.pad(PAD), SentAway(identity.author, ""))

    way_out = Outbound()
    with pytest.raises(TurnedAway):
        await join_handler.join(way_out, identity, message)
    told = await way_out.poll(1)
    assert any(b'"disconnect":"kicked"' in one.payload for one in told)
    assert await members(redis, keyspace.pad(PAD)) == []
    assert (await join_handler.identify(Handshake("", {}, ""), message)).kept_out
