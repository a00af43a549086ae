"""Tests what a session is sent, in which order, and when its cursor moves.

The first attempt at batched fan-out in Etherpad (ether/etherpad #7881) was closed for four faults.
Each is a test here, named ``fault_a`` to ``fault_d``, that states the fault and fails on the order
of steps that had it.
"""

import inspect
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.session import Flushed, Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.stretches import STRETCH
from padfleet.services.fanout.pads.collabroom import Frames
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.steps import (
    AcceptCommit,
    Missed,
    NewChanges,
    NewChangesBatch,
    Step,
)
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.shared.log.records import Revision
from padfleet.shared.wire.jsontext import loads
from tests.feeds import steps
from tests.unit.fanout.revisions import feed_at, revision, revisions

ME = "my-session"


def planned(cursor: DeliveryCursor, after: list[Revision], *, batching: bool = False) -> list[Step]:
    return list(steps(cursor, ME, after, batching=batching))


class TapExit(Outbound):
    """Takes what is written into a list, or nothing for as long as it is told to be full."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Any] = []
        self.writes = 0
        self.full = False

    def offer(self, frame: Frame) -> bool:
        if self.full:
            return False
        self.writes += 1
        for packet in frame.encode().split("\x1e"):
            if packet != "2":
                self.messages.append(loads(packet[2:].lstrip("0123456789"))[1]["data"])
        return True


def flush(session: Session, feed: Feed, *, now: float = 0.0) -> Flushed:
    return session.flush(Flush(feed, Frames(), now, questions=0))


def a_session(way_out: Outbound, at: int, *, batching: bool = False) -> Session:
    identity = SessionIdentity("a.me", "pad", "pad", "r.0", read_only=False, embedded=False)
    session = Session(identity, way_out, batching, id=ME, cursor=DeliveryCursor(at))
    session.happened(SessionEvent.ENTERED)
    return session


def a_feed(*contents: Revision) -> Feed:
    feed = feed_at(contents[0].rev - 1, 1000)
    feed.offer(contents)
    return feed


# --- The plan ------------------------------------------------------------------------------------


def test_others_revisions_are_new_changes() -> None:
    assert planned(
        DeliveryCursor(4),
        revisions(5, 6),
    ) == [
        NewChanges(revision(5)),
        NewChanges(revision(6)),
    ]


def test_I3_own_revision_is_accept_commit_at_its_place() -> None:
    mine = revision(6, session=ME)
    assert planned(DeliveryCursor(4), [revision(5), mine, revision(7)]) == [
        NewChanges(revision(5)),
        AcceptCommit(6, changed=True, seq=1),
        NewChanges(revision(7)),
    ]


def test_a_batch_ends_before_an_own_revision() -> None:
    mine = revision(7, session=ME)
    after = [*revisions(5, 6), mine, *revisions(8, 9, 10)]
    assert planned(DeliveryCursor(4), after, batching=True) == [
        NewChangesBatch(tuple(revisions(5, 6))),
        AcceptCommit(7, changed=True, seq=1),
        NewChangesBatch(tuple(revisions(8, 9, 10))),
    ]


def test_a_single_revision_stays_new_changes_in_batching_mode() -> None:
    assert planned(DeliveryCursor(4), revisions(5), batching=True) == [NewChanges(revision(5))]


def test_a_batch_is_bounded() -> None:
    for after, count in product(range(2 * STRETCH), range(1, 5 * STRETCH)):
        plan = planned(
            DeliveryCursor(after), revisions(*range(after + 1, after + 1 + count)), batching=True
        )
        sizes = [len(step.revisions) for step in plan if isinstance(step, NewChangesBatch)]
        assert all(STRETCH // 2 <= size < 2 * STRETCH for size in sizes) or count <= STRETCH
        assert len(plan) == 1 or count > STRETCH


def test_what_a_returning_client_missed_comes_as_client_reconnect_even_its_own() -> None:
    cursor = DeliveryCursor(3, resume_until=5)
    own = revision(5, session="my-session-before", author="a.me")
    assert planned(cursor, [revision(4), own, revision(6)], batching=True) == [
        Missed(revision(4), 5),
        Missed(own, 5),
        NewChanges(revision(6)),
    ]


def test_who_announces_it_is_told_which_session_its_own_missed_revisions_are_of() -> None:
    """Two tabs of one author write; only one of them has written what it missed."""
    cursor = DeliveryCursor(3, resume_until=6, author="a.me", knows_sessions=True)
    mine = revision(4, session="this-tab", author="a.me")
    too = revision(5, session="other-tab", author="a.me")
    steps = planned(cursor, [mine, too, revision(6)], batching=True)
    assert steps == [
        Missed(mine, 6, "this-tab"),
        Missed(too, 6, "other-tab"),
        Missed(revision(6), 6),
    ]
    told = [loads(Frames().of(step).payload[2:])[1]["data"] for step in steps]
    assert [data.get("origin") for data in told] == ["this-tab", "other-tab", None]


def test_I5_what_an_author_submitted_elsewhere_does_not_come_as_the_answer_to_a_page() -> None:
    """It had been submitted before the page was loaded, and stood in the inbox until the page's own
    connection had broken: the page took it for what it had in flight, and its text was another than
    everybody else's from then on."""
    cursor = DeliveryCursor(3, resume_until=6, author="a.me", submitted_as="this-stay")
    before = revision(4, session="earlier-stay", author="a.me")
    mine = revision(5, session="this-stay", author="a.me")
    other = revision(6, session="another", author="a.other")
    steps = planned(cursor, [before, mine, other], batching=True)
    frames = Frames()
    told = [loads(frames.of(step).payload[2:])[1]["data"] for step in steps]
    assert [data["author"] for data in told] == ["", "a.me", "a.other"]
    unknown = replace(cursor, submitted_as="")
    steps = planned(unknown, [before, mine], batching=True)
    told = [loads(frames.of(step).payload[2:])[1]["data"] for step in steps]
    assert [data["author"] for data in told] == ["a.me", "a.me"], "as Etherpad does"


def test_a_commit_without_effect_is_accepted_between_its_neighbours() -> None:
    cursor = DeliveryCursor(4, accepted=[(6, 1)])
    assert planned(cursor, revisions(5, 6, 7), batching=True) == [
        NewChangesBatch(tuple(revisions(5, 6))),
        AcceptCommit(6, changed=False, seq=1),
        NewChanges(revision(7)),
    ]


def test_a_late_answer_to_a_commit_without_effect_names_the_rev_that_the_client_is_at() -> None:
    """A client takes an ACCEPT_COMMIT only for its own rev or the next one."""
    assert planned(DeliveryCursor(8, accepted=[(6, 1)]), []) == [
        AcceptCommit(8, changed=False, seq=1)
    ]


# --- The four faults -----------------------------------------------------------------------------


def follow_strictly(rev: int, messages: list[Any]) -> int:
    """Follows the messages as the stock client does. That client ignores a message that is not the
    next revision, and hangs from then on. So such a message is an error here."""
    for message in messages:
        for change in message.get("changes", [message]):
            allowed = (rev, rev + 1) if message.get("type") == "ACCEPT_COMMIT" else (rev + 1,)
            assert change["newRev"] in allowed
            rev = change["newRev"]
    return rev


@pytest.mark.parametrize("batching", [False, True])
def test_I4_fault_a_the_cursor_is_not_at_the_head_before_anything_was_sent(batching: bool) -> None:
    """Fault (a): rev was set to the head first, so what was sent next had rev > client rev + 1,
    and the client stopped."""
    tap = TapExit()
    session = a_session(tap, at=4, batching=batching)
    feed = a_feed(*revisions(5, 6, 7))
    flush(session, feed)
    assert session.cursor.sent_rev == 7
    feed.offer([revision(8, session=ME)])
    flush(session, feed)
    assert tap.messages[-1]["type"] == "ACCEPT_COMMIT"
    assert follow_strictly(4, tap.messages) == 8


def test_I4_fault_b_a_flush_that_fails_takes_nothing_back() -> None:
    """In fault (b), the first of two overlapping fan-outs failed after the second had moved on. Its
    roll-back guard no longer matched, and revisions were skipped permanently. Here a flush is one
    step that nothing can overlap, and there is no roll-back, since the cursor never was ahead."""
    assert not inspect.iscoroutinefunction(Session.flush)
    tap = TapExit()
    session = a_session(tap, at=4)
    feed = a_feed(*revisions(5, 6, 7))
    tap.full = True
    assert flush(session, feed) is Flushed.WAITING
    assert session.cursor.sent_rev == 4
    tap.full = False
    feed.offer([revision(8)])
    flush(session, feed)
    flush(session, feed)
    assert [message["newRev"] for message in tap.messages] == [5, 6, 7, 8]
    assert session.cursor.sent_rev == 8


def test_fault_c_a_batch_carries_each_change_whole() -> None:
    """Fault (c): a batch reached client hooks with an undefined payload. Each change in it is the
    very object that NEW_CHANGES would have carried (that our client library fires per change is
    tested with it)."""
    single, batch = TapExit(), TapExit()
    feed = a_feed(*revisions(5, 6))
    flush(a_session(single, at=4), feed)
    flush(a_session(batch, at=4, batching=True), feed)
    assert [message["type"] for message in batch.messages] == ["NEW_CHANGES_BATCH"]
    assert batch.messages[0]["changes"] == single.messages


@pytest.mark.parametrize("broke_after", [0, 1, 2, 3])
def test_I4_fault_d_after_a_failed_send_the_cursor_is_at_the_last_frame_sent(
    broke_after: int,
) -> None:
    """Fault (d): a failure in the middle of a run of frames left the cursor where it had not
    been. Here the frames of a flush leave in one write, which is taken whole or not at all."""
    tap = TapExit()
    session = a_session(tap, at=4)
    feed = a_feed(revision(4))
    for number, next_one in enumerate([revision(5), revision(6, session=ME), revision(7)]):
        tap.full = number >= broke_after
        feed.offer([next_one])
        flush(session, feed)
    assert session.cursor.sent_rev == 4 + broke_after
    tap.full = False
    flush(session, feed)
    assert [message["newRev"] for message in tap.messages] == [5, 6, 7]
    assert session.cursor.sent_rev == 7


def test_all_frames_of_a_flush_leave_in_one_write() -> None:
    tap = TapExit()
    flush(a_session(tap, at=4), a_feed(revision(5), revision(6, session=ME), *revisions(7, 8)))
    assert (len(tap.messages), tap.writes) == (4, 1)


def test_sessions_at_the_same_place_get_the_same_bytes() -> None:
    frames, feed = Frames(), a_feed(*revisions(5, 6))
    step = NewChangesBatch(tuple(feed.since(4)))
    assert frames.of(step) is frames.of(NewChangesBatch(tuple(feed.since(4))))
