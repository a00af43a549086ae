"""Tests that many sessions are told of changes in the same bytes as each would be by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from padfleet.services.fanout.delivery.flush_scheduler import FlushScheduler
from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.window import LIMIT
from padfleet.services.fanout.pads.gate import SendingGate
from padfleet.services.fanout.presence import introducer
from padfleet.services.fanout.presence.introducer import Introducer
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.services.fanout.presence.roster_push import push
from padfleet.shared.wire.jsontext import loads
from tests.unit.fanout.inflating import InflatingClient
from tests.unit.fanout.test_fast_path import Wire, a_session
from tests.unit.fanout.test_introducer import Later
from tests.unit.fanout.test_roster_log import who


def each_by_itself(
    log: RosterLog, sessions: Iterable[Session], one_by_one: Callable[[Session], None]
) -> tuple[int, int]:
    for session in sessions:
        one_by_one(session)
    return 0, 0


class Page:
    """A session, and what its client reads."""

    def __init__(self, name: str, *, lists: bool, deflates: bool) -> None:
        self.session, self.wire = a_session(name, 0, 0, batching=True, deflates=deflates)
        self.session.roster = RosterCursor(lists=lists)
        self.client = InflatingClient()
        self.told: list[Any] = []

    def reads(self) -> None:
        # Everything that one write brought; a slow one is told again later.
        for arrived in self.client.read(self.wire.read()):
            if arrived.text != "2":
                self.told.append(loads(arrived.text[2:])[1]["data"])


class Crowd:
    def __init__(self) -> None:
        self.clock = Later()
        self.log = RosterLog()
        self.sessions: dict[str, Session] = {}
        self.pages: list[Page] = []
        turns = FlushScheduler(introducer.RULES, self.clock, counted=False)
        self.introducer = Introducer(self.log, self.sessions, turns, SendingGate())

    def lives(self, seed: int) -> list[Any]:
        """Lets people and pages come and go, and returns what each page was told."""
        chance = random.Random(seed)
        for number in range(40):
            page = Page(f"s{number}", lists=chance.random() < 0.5, deflates=chance.random() < 0.5)
            self.pages.append(page)
            session = page.session
            self.sessions[session.id] = session
            self.introducer.welcome(session, knows_some=chance.random() < 0.2)
            self.here(number, but=session.id)
        for _ in range(60):
            match chance.choice("hhhhggnsp"):
                case "h":
                    for number in range(start := chance.randrange(200), start + 10):
                        self.here(number)
                case "g":
                    for number in range(start := chance.randrange(200), start + 10):
                        if self.log.gone(f"a.{number}"):
                            self.introducer.changed()
                case "n":
                    number = chance.randrange(40)
                    self.here(number, "Ada", but=f"s{number}")
                case "s":
                    chance.choice(self.pages).session.happened(SessionEvent.STUCK)
                case "p":
                    page = chance.choice(self.pages)
                    page.session.window.sent = page.session.window.acked + LIMIT
            if chance.random() < 0.7:
                self.clock.passes(chance.choice([0.01, 1.0]))
            if chance.random() < 0.3:
                for page in self.pages:
                    page.session.happened(SessionEvent.MADE_ROOM)
                    page.session.window.all_arrived()
            for page in self.pages:
                page.reads()
        return [(page.told, page.session.roster, page.session.window.sent) for page in self.pages]

    def here(self, number: int, name: str | None = None, *, but: str = "") -> None:
        if self.log.here(who(number, name), but=but):
            self.introducer.changed()


@pytest.mark.parametrize("seed", range(20))
def test_it_tells_each_what_it_would_be_told_by_itself(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a write is estimated to take would make the turns of the two come at different times.
    monkeypatch.setattr(introducer, "kernel_seconds", lambda writes, size: 0.0)
    together = Crowd().lives(seed)
    monkeypatch.setattr(introducer, "push", each_by_itself)
    assert together == Crowd().lives(seed)
    assert any(told for told, _, _ in together)


def in_step(*, deflates: bool = False, people: int = 20) -> tuple[RosterLog, Session, Wire]:
    """Returns a session that has been told everything except of the newest of these people."""
    log = RosterLog()
    session, wire = a_session("s", 0, 0, batching=True, deflates=deflates)
    log.begin(session.roster, knows_some=False)
    session.roster.complete = True
    for number in range(people):
        log.here(who(number))
    return log, session, wire


def handed_over(log: RosterLog, session: Session) -> bool:
    seen: list[Session] = []
    push(log, [session], seen.append)
    return seen == [session]


@pytest.mark.parametrize("deflates", [False, True])
def test_it_tells_a_session_in_step_with_one_write(deflates: bool) -> None:
    log, session, wire = in_step(deflates=deflates)
    assert push(log, [session], lambda _: pytest.fail("it is told by itself")) == (
        1,
        session.window.sent,
    )
    client = InflatingClient()
    assert len(client.read(wire.read())) == 20
    assert session.roster.at == log.end
    # What comes now refers to what the client had before.
    assert push(log, [session], lambda _: None) == (0, 0)


def test_I6_what_waits_or_has_to_be_asked_is_told_by_itself() -> None:
    log, session, _ = in_step()
    session.happened(SessionEvent.STUCK)
    assert handed_over(log, session)

    log, session, wire = in_step()
    wire.stuck = 1
    assert handed_over(log, session)

    log, session, wire = in_step()
    wire.close()
    assert handed_over(log, session)

    log, session, _ = in_step()
    session.window.sent = session.window.quiet_bytes - 1
    assert handed_over(log, session)
    assert session.roster.at == 0


def test_who_is_not_through_with_the_introductions_is_told_by_itself() -> None:
    log, session, _ = in_step()
    session.roster.complete = False
    assert handed_over(log, session)

    log, session, _ = in_step()
    log.begin(session.roster, knows_some=True)
    session.roster.complete = True
    assert handed_over(log, session)


def test_a_session_that_lacks_more_than_a_part_is_told_by_itself() -> None:
    log, session, _ = in_step(people=600)
    assert handed_over(log, session)


def test_I4_the_cursor_stays_where_it_was_if_nothing_was_told() -> None:
    log, session, wire = in_step(people=3)
    log.here(who(9), but="s")
    assert handed_over(log, session), "one of the entries is about it"
    assert session.roster.at == 0
    assert wire.read() == b""
