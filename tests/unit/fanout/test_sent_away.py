"""Tests sessions that an operator sends away from a pad while they are still joining it."""

from unittest.mock import Mock

import pytest

from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.hub.occupants import Occupants
from padfleet.services.fanout.requests.joining import Joining
from padfleet.services.fanout.requests.turning_away import TurnedAway
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.pad.announcements import SentAway


def arriving(author: str) -> Session:
    identity = SessionIdentity(author, "pad", "pad", "r.0", False, embedded=False)
    return Session(identity, Outbound(), batching=True)


@pytest.mark.parametrize(
    ("whom", "stays"),
    [(("a.1", ""), {"a.2"}), (("", ""), set()), (("a.3", ""), {"a.1", "a.2"})],
    ids=["one", "all", "somebody else"],
)
async def test_an_author_sent_away_while_joining_does_not_get_in(
    whom: tuple[str, str], stays: set[str]
) -> None:
    """They had been asked whether they are kept out already, and may wait for the writer for long:
    they came in as if nothing had been said."""
    occupants = Occupants("pad", Keyspace(1).pad("pad"), {}, Mock(), Mock())
    sessions = [arriving("a.1"), arriving("a.2")]
    occupants.arriving = {session.id: session for session in sessions}
    occupants.send_away(SentAway(*whom))

    came = set()
    for session in sessions:
        room = Mock(is_duplicate=lambda _: False)
        try:
            Joining(Mock(), Keyspace(1), "worker", room, session, Mock()).check_still_wanted()
            came.add(session.author)
        except TurnedAway:
            (told,) = await session.exit.poll(0.01)
            assert b'"disconnect":"kicked"' in told.payload
    assert came == stays
