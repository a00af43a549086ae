"""Tests the people on a pad, and what others are told about them."""

from unittest.mock import Mock

from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.presence.people import People
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.shared.log.channel_messages import Joined, Left, Member, UserInfo


def member(session: str, author: str = "") -> Member:
    return Member(session, author or f"a.{session}", "worker", None, 1, False, False)


def people(*sessions: str) -> People:
    found = People(RosterLog(), Mock())
    for order, session in enumerate(sessions, 1):
        found.joined(Joined(order, member(session)))
    return found


def told(pad: People) -> list[tuple[str, bool]]:
    """Returns the authors that an observer from the beginning is told about, and whether each has
    left."""
    cursor, found = RosterCursor(came=pad.log.end + 1), []
    while excerpt := pad.log.next_for(cursor):
        found += [(entry.who.id, entry.left) for entry in excerpt.entries]
        pad.log.took(cursor, excerpt.upto)
    return found


def test_who_joins_counts_itself_whichever_connection_answers_first() -> None:
    """The join is confirmed on one connection to Redis and told on another. A newcomer whose own
    news was still under way was told that nobody else was there."""
    pad = people("first")
    assert pad.count("second") == 2
    pad.joined(Joined(2, member("second")))
    assert pad.count("second") == 2


def test_a_member_who_has_left_does_not_count() -> None:
    pad = people("first", "second")
    pad.left(Left("first", "a.first", 1))
    assert pad.count("second") == 1


def test_a_member_who_returns_on_another_worker_is_not_announced_again() -> None:
    """A worker has died, and its thousands come to this one before anybody has noticed: nothing of
    that is to be told, neither now nor when their old sessions are taken out."""
    pad = people(*"abc")
    assert len(told(pad)) == 3
    before = pad.log.end
    for name in "abc":
        pad.joined(Joined(9, member(f"{name}-again", f"a.{name}")))
    for name in "abc":
        pad.left(Left(name, f"a.{name}", 1))
    assert pad.log.end == before


def test_a_name_that_comes_after_its_author_has_left_brings_nobody_back() -> None:
    pad = people("a", "b")
    assert told(pad) == [("a.a", False), ("a.b", False)]
    pad.left(Left("a", "a.a", 1))
    pad.changed(UserInfo("a", "a.a", "Ada", "#123456"))
    assert told(pad) == [("a.b", False), ("a.a", True)]


def test_earlier_members_are_announced_by_their_present_names() -> None:
    pad = People(RosterLog(), Mock())
    pad.begin([Joined(1, member("a")), Joined(2, member("b"))])
    assert told(pad) == []
    pad.changed(UserInfo("a", "a.a", "Ada", "#123456"))
    assert told(pad) == [("a.a", False)]
    assert pad.known_of(["a.a", "a.b"])["a.a"].name == "Ada"
