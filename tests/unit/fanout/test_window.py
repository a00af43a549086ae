"""Tests what a session is known to have received, and when it is pinged."""

from __future__ import annotations

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.session import Flushed, Session
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.window import ASK_AGE, ASK_BYTES, ASK_GAP, LIMIT, Window
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.shared.log.records import Revision
from tests.unit.fanout.revisions import feed_at, revision
from tests.unit.fanout.test_flush import ME, TapExit, a_session

BIG = 10_000


def big(rev: int, session: str | None = None) -> Revision:
    return revision(rev, session, padding=BIG)


def flush(session: Session, feed: Feed, now: float, questions: int = 0) -> Flushed:
    return session.flush(Flush(feed, Frames(), now, questions=questions))


def a_stream(session: Session, revs: range, *, every: float, now: float = 0.0) -> Feed:
    """Flushes big revisions one by one. Returns their feed."""
    feed = feed_at(session.cursor.sent_rev, 1000, padding=BIG)
    for rev in revs:
        feed.offer([big(rev)])
        flush(session, feed, now)
        now += every
    return feed


def open_pings(session: Session) -> int:
    return len(session.exit.pings or ())


def test_bytes_under_way_are_bounded() -> None:
    session = a_session(TapExit(), at=0, batching=True)
    feed = a_stream(session, range(1, 101), every=0.01)
    assert session.window.sent <= LIMIT + BIG * 2
    assert flush(session, feed, 9.0) is Flushed.WAITING


def test_a_full_window_has_always_been_asked_about() -> None:
    """If it had not been, nothing would ever open it again."""
    session = a_session(TapExit(), at=0, batching=True)
    a_stream(session, range(1, 101), every=0.0001)
    assert session.exit.pings


def test_a_pong_opens_the_window_and_what_was_left_out_follows_in_larger_messages() -> None:
    tap = TapExit()
    session = a_session(tap, at=0, batching=True)
    feed = a_stream(session, range(1, 51), every=0.0001)
    stopped_at = session.cursor.sent_rev
    assert stopped_at < 50
    session.wait()
    behind = [session.is_behind]
    while session.exit.pings:
        session.exit.ponged(1.0)
    assert [*behind, session.is_behind] == [True, False]
    assert session.cursor.acked_rev > 0
    before = tap.writes
    while session.cursor.sent_rev < 50:
        flush(session, feed, 1.0)
        while session.exit.pings:
            session.exit.ponged(1.0)
    assert tap.writes - before < 50 - stopped_at


def test_I6_a_session_that_waits_has_no_queue() -> None:
    tap = TapExit()
    session = a_session(tap, at=0, batching=True)
    a_stream(session, range(1, 500), every=0.0001)
    assert sum(len(str(message)) for message in tap.messages) < LIMIT * 2


def test_few_pings_are_sent() -> None:
    window = Window(asked_at=0.0)
    asked = 0
    now = 10.0
    for _ in range(1000):  # 10 s, 1 MB/s
        now += 0.01
        if window.urgent(BIG, now):
            window.sent += BIG
            window.answered(window.probe(1, 0, now))
            asked += 1
        else:
            window.sent += BIG
    assert asked <= 10 / ASK_GAP


def test_nothing_is_asked_about_when_there_is_nothing_to_learn() -> None:
    window = Window(asked_at=0.0)
    assert not window.urgent(0, 100.0)
    assert not window.urgent(ASK_BYTES - 1, 100.0)
    assert window.urgent(ASK_BYTES, 100.0)


def test_a_session_is_rarely_pinged_for_measuring() -> None:
    session = a_session(TapExit(), at=0)
    session.window.asked_at = 0.0
    feed = feed_at(0, 10, padding=BIG)
    feed.offer([big(1)])
    flush(session, feed, ASK_AGE - 0.1, questions=1)
    asked = [open_pings(session)]
    feed.offer([big(2)])
    flush(session, feed, ASK_AGE + 0.1, questions=1)
    feed.offer([big(3)])
    flush(session, feed, ASK_AGE + 0.2, questions=1)
    assert [*asked, open_pings(session)] == [0, 1]


def test_a_client_that_acknowledges_is_asked_by_the_message_itself() -> None:
    session = a_session(TapExit(), at=0, batching=True)
    session.acks = True
    a_stream(session, range(1, 30), every=0.0001)
    assert session.exit.pings is None
    session.has_acknowledged(9_999, 1.0)
    assert session.window.acked == 0, "an id that was never given proves nothing"
    asked = [rev for rev in range(1, 30) if rev <= session.cursor.sent_rev]
    for rev in asked:
        session.has_acknowledged(rev, 1.0)
    assert session.window.acked > 0
    assert 0 < session.cursor.acked_rev <= session.cursor.sent_rev


def test_a_base_rev_proves_that_the_revision_has_arrived() -> None:
    session = a_session(TapExit(), at=0)
    a_stream(session, range(1, 4), every=0.01)
    session.has_built_on(99)
    assert session.cursor.acked_rev == -1
    session.has_built_on(2)
    assert session.cursor.acked_rev == 2
    assert session.window.acked == 0
    session.has_built_on(3)
    assert session.window.room == LIMIT


def test_a_stalled_session_is_one_that_made_no_progress_while_waiting() -> None:
    session = a_session(TapExit(), at=0)
    assert not session.is_stalled(0.0, 60)
    session.happened(SessionEvent.STUCK)
    assert not session.is_stalled(1.0, 60)
    assert not session.is_stalled(60.0, 60)
    assert session.is_stalled(61.0, 60)
    session.window.acked += 1
    assert not session.is_stalled(62.0, 60)
    session.happened(SessionEvent.MADE_ROOM)
    assert not session.is_stalled(500.0, 60)


def test_I4_own_revisions_are_accepted_even_through_a_narrow_window() -> None:
    tap = TapExit()
    session = a_session(tap, at=0, batching=True)
    feed = feed_at(0, 1000, padding=BIG)
    feed.offer([big(rev, ME if rev % 3 == 0 else None) for rev in range(1, 200)])
    for _ in range(200):
        if flush(session, feed, 1.0) is Flushed.UP_TO_DATE:
            break
        while session.exit.pings:
            session.exit.ponged(1.0)
    revs = [
        change["newRev"] for message in tap.messages for change in message.get("changes", [message])
    ]
    assert revs == list(range(1, 200))
    assert session.cursor == DeliveryCursor(199, session.cursor.acked_rev)
