"""Tests that the roster says who is on a pad, on all workers."""

from padfleet.services.fanout.presence.roster import Roster
from padfleet.shared.log.channel_messages import Joined, Member


def joined(session: str, author: str = "a.1", worker: str = "w1") -> Joined:
    return Joined(1, Member(session, author, worker, None, 7, embedded=False, read_only=False))


def test_an_author_leaves_with_the_last_session() -> None:
    roster = Roster()
    roster.add(joined("s1"))
    roster.add(joined("s2", worker="w2"))
    assert roster.remove("s1") is None
    gone = roster.remove("s2")
    assert gone is not None
    assert gone.author == "a.1"
    assert roster.remove("s2") is None


def test_authors_come_once_each_in_the_order_of_joining() -> None:
    roster = Roster()
    for session, author in (("s1", "a.1"), ("s2", "a.2"), ("s3", "a.1")):
        roster.add(joined(session, author))
    assert roster.authors() == ["a.1", "a.2"]
    assert roster.last("a.1").member.session == "s3"


def test_sessions_of_dead_workers_are_found() -> None:
    roster = Roster()
    roster.add(joined("s1", worker="w1"))
    roster.add(joined("s2", worker="w2"))
    assert [member.session for member in roster.on_dead_workers({"w2"})] == ["s1"]
    assert roster.on_dead_workers({"w1", "w2"}) == []
    roster.add(joined("s2", worker="w3"))
    assert [member.session for member in roster.on_dead_workers({"w1", "w2"})] == ["s2"]
    roster.remove("s2")
    assert roster.on_dead_workers({"w1"}) == []
    roster.replace([joined("s4", worker="w4")])
    assert [member.session for member in roster.on_dead_workers({"w1"})] == ["s4"]


def test_what_changed_unseen_is_told() -> None:
    roster = Roster()
    for session, author in (("s1", "a.1"), ("s2", "a.2"), ("s3", "a.2")):
        roster.add(joined(session, author))
    difference = roster.replace([joined("s3", "a.2"), joined("s4", "a.4")])
    assert [item.member.session for item in difference.joined] == ["s4"]
    assert [member.author for member in difference.gone] == ["a.1"]
    assert roster.authors() == ["a.2", "a.4"]
