"""Who is on a pad, as those who come are told."""

from unittest.mock import Mock

from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.presence.people import People
from padfleet.shared.log.records import Joined, Left, Member


def member(session: str) -> Member:
    return Member(session, f"a.{session}", "worker", None, 1, False, False)


def people(*sessions: str) -> People:
    found = People(News(), Mock())
    for order, session in enumerate(sessions, 1):
        found.joined(Joined(order, member(session)))
    return found


def test_who_joins_counts_itself_whichever_connection_answers_first() -> None:
    """The join is confirmed on one connection to Redis and told on another. A newcomer whose own
    news was still under way was told that nobody else was there."""
    pad = people("first")
    assert pad.count("second") == 2
    pad.joined(Joined(2, member("second")))
    assert pad.count("second") == 2


def test_who_has_left_counts_no_more() -> None:
    pad = people("first", "second")
    pad.left(Left("first", "a.first", 1))
    assert pad.count("second") == 1
