"""What an author alone on a pad is sent does not wait for a turn of the room's flushes."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from padfleet.services.fanout.delivery.delivery import Delivery
from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler, Timer
from padfleet.services.fanout.delivery.pacing import PacingRules
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.fanout.transport.packets import packet
from padfleet.shared import tracing
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Revision
from tests.unit.fanout.revisions import feed_at, revision
from tests.unit.fanout.test_fast_path import Wire, a_session, messages

KEYS = Keyspace(1).pad("pad")


class StandingClock:
    """Time that passes only when the test says so."""

    def __init__(self) -> None:
        self.timers: list[Callable[[], None]] = []

    def now(self) -> float:
        return 0.0

    def later(self, _delay: float, call: Callable[[], None]) -> Timer:
        self.timers.append(call)
        return cast(Timer, None)

    def soon(self, call: Callable[[], None]) -> None:
        self.timers.append(call)


class Desk:
    """A room with sessions, all of which have revision 10, and whose next flush has to wait."""

    def __init__(self, *names: str) -> None:
        self.clock, self.gate, self.news = StandingClock(), SendingGate(), News()
        self.replica = PadReplica(cast(Redis, None), KEYS, ring=100)
        self.replica.feed = feed_at(9, 100)
        self.sessions: dict[str, Session] = {}
        turns = FlushScheduler(PacingRules(floor=1.0), self.clock)
        self.delivery = Delivery(
            cast(Redis, None), KEYS, self.replica, self.news, self.sessions, turns, self.gate
        )
        self.wires: dict[str, Wire] = {}
        for name in names:
            self.sessions[name], self.wires[name] = a_session(name, 9, 0, batching=True)
        self.arrives(revision(10))
        for wire in self.wires.values():
            wire.read()
        assert not self.clock.timers

    def arrives(self, *revisions: Revision) -> None:
        assert self.replica.advance(revisions) is None
        self.delivery.revisions_due()

    def sent(self, name: str) -> list[str]:
        """Returns the types of the messages; the made-up revisions have none in theirs."""
        return [each.get("type", "NEW_CHANGES") for each in messages(self.wires[name].read())]


def test_a_lone_authors_edits_are_answered_without_a_pause() -> None:
    desk = Desk("s1")
    for rev in (11, 12, 13):
        desk.arrives(revision(rev, session="s1"))
        assert desk.sent("s1") == ["ACCEPT_COMMIT"]
    assert not desk.clock.timers


def test_what_others_change_on_the_pad_is_paced_for_a_lone_reader_too() -> None:
    desk = Desk("s1")
    desk.arrives(revision(11))
    desk.arrives(revision(12))
    assert desk.sent("s1") == []
    desk.clock.timers.pop()()
    assert desk.sent("s1") == ["NEW_CHANGES_BATCH"]


def test_I3_what_waits_for_a_flush_is_not_overtaken() -> None:
    desk = Desk("s1")
    desk.arrives(revision(11))
    desk.arrives(revision(12, session="s1"))
    assert desk.sent("s1") == []
    desk.clock.timers.pop()()
    assert desk.sent("s1") == ["NEW_CHANGES", "ACCEPT_COMMIT"]


def test_two_sessions_share_a_flush() -> None:
    desk = Desk("s1", "s2")
    desk.arrives(revision(11, session="s1"))
    assert desk.sent("s1") == desk.sent("s2") == []
    desk.clock.timers.pop()()
    assert desk.sent("s1") == ["ACCEPT_COMMIT"]
    assert desk.sent("s2") == ["NEW_CHANGES"]


@pytest.mark.parametrize("why", ["shut", "news", "closed"])
def test_a_lone_author_has_to_wait_where_everybody_has_to(why: str) -> None:
    desk = Desk("s1")
    match why:
        case "shut":
            desk.gate.shut()
        case "news":
            desk.news.add(packet({"type": "COLLABROOM"}))
        case "closed":
            desk.delivery.close()
    desk.arrives(revision(11, session="s1"))
    assert desk.sent("s1") == []


def test_a_traced_edit_takes_the_way_that_is_traced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "is_on", lambda: True)
    desk = Desk("s1")
    desk.arrives(revision(11, session="s1"))
    assert desk.sent("s1") == []
    assert desk.clock.timers
