"""Tests that the shortcut for the newest revision sends a few sessions what `Session.flush` would
send."""

from __future__ import annotations

import asyncio
import random
from typing import cast

import pytest

from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.newest import send_newest
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.window import ASK_AGE, LIMIT
from padfleet.services.fanout.pads.collabroom import Frames, collab
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import PING
from padfleet.services.fanout.transport.websocket_connection import HIGH_WATER
from padfleet.shared.log.outcomes import Outcome
from tests.unit.fanout.revisions import feed_at, revision
from tests.unit.fanout.test_fast_path import a_session, messages
from tests.unit.fanout.test_outbound import FakeTransport

HEAD = 12


class Answered:
    """Notes what the writer has said to a submission."""

    def __init__(self) -> None:
        self.told: list[Outcome | None] = []

    def answered(self, outcome: Outcome | None) -> None:
        self.told.append(outcome)

    def abandoned(self) -> None:
        raise AssertionError


def a_feed(author: str | None = None) -> Feed:
    feed = feed_at(10, 100)
    feed.offer([revision(11), revision(HEAD, session=author)])
    return feed


def sent_to(
    feed: Feed, *sessions: Session, news: News | None = None, now: float = 1.0
) -> list[str]:
    """Returns the ids of the sessions that are left for the ordinary way."""
    assert feed.newest is not None
    done = send_newest(feed.newest, (news or News()).end, Frames(), sessions, now)
    return [session.id for session in done.rest]


def test_I3_the_short_way_sends_what_a_flush_would_send() -> None:
    for seed in range(200):
        compare(seed)


def compare(seed: int) -> None:
    random.seed(seed)
    news = News()
    for number in range(random.randrange(3)):
        news.add(collab({"who": number}), but=random.choice(["", "s1"]))
    feed = a_feed(random.choice([None, "elsewhere", "s1", "s2"]))
    places = [
        (
            f"s{number}",
            random.choice([10, 11, 11, 11, 12]),
            random.choice([0, news.end, news.end]),
            random.random() < 0.7,
        )
        for number in range(6)
    ]
    results = []
    for by_newest in (True, False):
        sessions = [a_session(n, at, told, batching=b) for n, at, told, b in places]
        answers = [Answered() for _ in sessions]
        for number, (session, _) in enumerate(sessions):
            session.pending[1] = answers[number]
            if number == 4:
                session.cursor.accepted = [(HEAD, 1)]
            if number == 5:
                session.cursor.resume_until = HEAD
        rest = [session for session, _ in sessions]
        flush = Flush(feed, Frames(), 1.0, news=news)
        if by_newest:
            assert feed.newest is not None
            done = send_newest(feed.newest, news.end, Frames(), rest, 1.0)
            rest = done.rest
            flush.tally.bytes, flush.tally.revisions = done.bytes, done.revisions
        for session in rest:
            session.flush(flush)
        results.append(
            (
                [(s.cursor, s.news_at, messages(t.read())) for s, t in sessions],
                [s.window.sent for s, _ in sessions],
                [answer.told for answer in answers],
                (flush.tally.bytes, flush.tally.revisions),
            )
        )
    assert results[0] == results[1]
    assert all(cursor.sent_rev == HEAD for cursor, _, _ in results[0][0])


def test_those_who_are_a_revision_behind_are_served_at_once() -> None:
    """If they were not, the ordinary way would have all the work, and nobody would notice."""
    one, others = a_session("s1", 11, 0, batching=True), a_session("s2", 11, 0, batching=True)
    assert sent_to(a_feed("s1"), one[0], others[0]) == []
    assert [message["type"] for message in messages(one[1].read())] == ["ACCEPT_COMMIT"]
    assert [message["newRev"] for message in messages(others[1].read())] == [HEAD]
    assert sent_to(a_feed("s1"), one[0], others[0]) == []
    assert one[1].read() == others[1].read() == b""


def test_I6_a_session_that_waits_is_left_alone() -> None:
    session, wire = a_session("s", 11, 0, batching=True)
    session.happened(SessionEvent.STUCK)
    assert sent_to(a_feed(), session) == []
    assert wire.read() == b""
    assert session.cursor.sent_rev == 11


@pytest.mark.parametrize("why", ["behind", "slow", "full", "to be asked", "polling", "closing"])
def test_sessions_that_need_more_are_left_to_the_ordinary_flush(why: str) -> None:
    session, wire = a_session("s", 10 if why == "behind" else 11, 0, batching=True)
    now = 1.0
    match why:
        case "slow":
            wire.stuck = HIGH_WATER + 1
        case "full":
            session.window.sent = LIMIT
        case "to be asked":
            now, session.acks = ASK_AGE + 1, True  # by the frame itself, which is not shared
        case "polling":
            session.exit = Outbound()
        case "closing":
            wire.closed = True
    before = session.cursor.sent_rev
    assert sent_to(a_feed(), session, now=now) == ["s"]
    assert (session.cursor.sent_rev, wire.read()) == (before, b"")


def test_one_session_is_asked_what_has_arrived_in_the_same_write() -> None:
    (one, wire), (other, others) = (a_session(n, 11, 0, batching=True) for n in ("s1", "s2"))
    now = ASK_AGE + 1
    assert sent_to(a_feed("s1"), one, other, now=now) == ["s2"], "more questions cost more"
    assert wire.read().endswith(PING.websocket)
    assert others.read() == b""
    assert one.window.asked == one.window.sent, "what the pong will prove to have arrived"
    one.exit.ponged(now)
    assert one.window.acked == one.window.sent
    assert one.cursor.acked_rev == HEAD
    feed = feed_at(11, 100)
    feed.offer([revision(12), revision(HEAD + 1)])
    assert sent_to(feed, one, now=now + 1) == []
    assert not wire.read().endswith(PING.websocket), "it was asked a moment ago"


def test_I4_what_does_not_fit_goes_through_the_transport() -> None:
    session, wire = a_session("s", 11, 0, batching=True)
    fake = FakeTransport(wire.fd)
    session.exit.transport = cast(asyncio.WriteTransport, fake)
    wire.far.close()
    assert sent_to(a_feed(), session) == []
    assert fake.written, "whether the connection is broken is for the transport to find out"
    assert session.cursor.sent_rev == HEAD


def test_nothing_is_made_of_a_revision_that_only_its_author_lacks() -> None:
    session, _ = a_session("s", 11, 0, batching=True)
    frames = Frames()
    newest = a_feed("s").newest
    assert newest is not None
    done = send_newest(newest, 0, frames, [session], 1.0)
    assert (done.accepted, done.sent_changes, done.rest) == (1, 0, [])
    assert not frames._cache


def test_a_feed_that_holds_nothing_has_no_newest() -> None:
    assert Feed(7, 10).newest is None
