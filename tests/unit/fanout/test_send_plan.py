"""Tests what a session is sent in one write, planned without a socket."""

from __future__ import annotations

from copy import deepcopy

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.encoding import Encoder
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.send_plan import SendPlan, plan
from padfleet.services.fanout.delivery.session import Flushed
from padfleet.services.fanout.delivery.stretches import STRETCH, Stretch, divided
from padfleet.services.fanout.delivery.window import ASK_AGE, ASK_BYTES, LIMIT, Window
from padfleet.services.fanout.pads.collabroom import Frames, collab
from padfleet.services.fanout.pads.steps import AcceptCommit, NewChanges, Step
from padfleet.services.fanout.transport.packets import PING, Frame
from padfleet.shared.log.records import Revision
from tests.unit.fanout.revisions import feed_at, revision, revisions
from tests.unit.fanout.test_flush import ME, TapExit, a_session


def planned(
    *after: Revision,
    window: Window | None = None,
    cursor: DeliveryCursor | None = None,
    news: list[tuple[Frame, str]] | None = None,
    now: float = 1.0,
    acks: bool = False,
    may_measure: bool = False,
) -> SendPlan:
    return plan(
        ME,
        cursor or DeliveryCursor(0),
        window or Window(asked_at=1.0),
        news or [],
        divided(after),
        Encoder(Frames()),
        now,
        batching=False,
        acks=acks,
        may_measure=may_measure,
    )


def steps_of(made: SendPlan) -> list[Step]:
    return [
        step
        for part in made.taken
        for step in (part.steps(batching=False) if isinstance(part, Stretch) else [part])
    ]


def test_it_changes_nothing_so_that_a_failed_write_leaves_everything_as_it_was() -> None:
    cursor, window = DeliveryCursor(0, accepted=[(1, 4)]), Window(asked_at=0.0)
    before = deepcopy((cursor, window))
    made = planned(revision(1), revision(2), cursor=cursor, window=window, now=9, may_measure=True)
    assert made.asks
    assert len(steps_of(made)) == 3
    assert (cursor, window) == before


def test_its_size_is_what_is_written_but_for_the_question() -> None:
    made = planned(*revisions(1, 2, 3), news=[(collab({"who": 1}), "")])
    assert made.size == sum(len(frame.websocket) for frame in made.frames)
    assert (len(made.frames), len(steps_of(made)), made.complete) == (4, 3, True)
    asking = planned(*revisions(1, 2, 3), now=1 + ASK_AGE, may_measure=True)
    assert asking.frames[-1] is PING
    assert asking.size == sum(len(frame.websocket) for frame in asking.frames[:-1])


def test_news_about_the_session_itself_are_passed_over_without_a_write() -> None:
    made = planned(news=[(collab({"who": 1}), ME)], now=100.0, may_measure=True)
    assert (made.frames, steps_of(made), made.size, made.asks) == ([], [], 0, False)


def test_it_ends_with_what_fills_the_window() -> None:
    window = Window(asked_at=1.0, sent=LIMIT - 1)
    made = planned(*revisions(*range(1, 3 * STRETCH)), window=window)
    assert ([part.sent_rev for part in made.taken], made.complete) == ([STRETCH], False)
    assert made.asks, "or nothing would ever open it again"
    mine = planned(revision(1), revision(2, session=ME), window=window)
    assert (steps_of(mine), mine.complete) == ([NewChanges(revision(1))], False)


def test_a_client_that_acknowledges_is_asked_by_its_last_message() -> None:
    window = Window(asked_at=0.0, sent=ASK_BYTES)
    made = planned(*revisions(1, 2), window=window, acks=True)
    assert made.by_ack
    assert [frame.payload[:3] for frame in made.frames] == [b"42[", b"422"]
    news_alone = planned(window=window, news=[(collab({"who": 1}), "")], acks=True)
    assert (news_alone.asks, news_alone.by_ack, news_alone.frames[-1]) == (True, False, PING)


def test_own_submissions_are_accepted_in_it() -> None:
    made = planned(revision(1), revision(2, session=ME))
    assert steps_of(made) == [NewChanges(revision(1)), AcceptCommit(2, changed=True, seq=1)]


def test_only_pings_for_measuring_count_towards_the_limit_of_a_flush() -> None:
    assert planned(revision(1), now=100.0, may_measure=True).measures
    urgent = planned(revision(1), window=Window(0.0, sent=ASK_BYTES), now=100.0, may_measure=True)
    assert (urgent.asks, urgent.measures) == (True, False)


def test_a_session_whose_socket_has_gone_is_not_read_for() -> None:
    """It was found to be behind, nothing was read, it was found to be behind, and so on: until its
    socket was closed, which may take seconds, the event loop did nothing else."""
    session = a_session(TapExit(), at=0)
    flush = Flush(feed_at(10, 100), Frames(), 0.0)
    assert session.flush(flush) is Flushed.BEHIND
    session.exit.end()
    assert session.flush(flush) is Flushed.UP_TO_DATE
