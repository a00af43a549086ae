"""Tests that a submission from behind a fence ends the connection, and does not stay unanswered."""

from __future__ import annotations

import asyncio

from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.requests.commits import Commits
from padfleet.services.fanout.requests.join import JoinHandler
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.entries import Fence
from padfleet.shared.log.inboxes.inbox import InboxWriter
from tests.integration.fanout.conftest import PAD


async def test_I2_an_author_behind_a_fence_joins_again(
    join_handler: JoinHandler, inbox: InboxWriter
) -> None:
    """The server had both calls of a join that was made again after a time-out, in the other
    order: the fence stands before a session that nobody has. "Saving…" was all one saw then."""
    message = {"padId": PAD, "token": "t.0123456789abcdef"}
    identity = await join_handler.identify(Handshake("", {}, ""), message)
    session, room = await join_handler.join(Outbound(), identity, message)
    origin, answer = session.expect()
    await inbox.settle(Fence(PAD, origin, session.order + 1, session.author), answer)

    pool = {"numToAttrib": {"0": ["author", session.author]}, "nextNum": 1}
    change = {"baseRev": room.feed.head, "changeset": "Z:5>1*0+1$x", "apool": pool}
    async with asyncio.timeout(60):
        await Commits(inbox).submit(room, session, change)
    assert session.exit.closed
    assert not session.pending
