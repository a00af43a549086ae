"""Tests that each socket of a pad reads what was meant for it, whatever the sockets are sent in
whichever order."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.fast_path import push
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.newest import send_newest
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.shared_context import KEPT, SharedContext
from padfleet.services.fanout.delivery.stretches import STRETCH
from padfleet.services.fanout.pads.collabroom import Frames, collab
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.transport.deflate import LONGEST, NOTHING, PLAIN, SharedRun, deflate
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from padfleet.services.fanout.transport.websocket_connection import HIGH_WATER, WebSocketConnection
from padfleet.shared.log.records import Origin, Revision, chain_of
from tests.unit.fanout.inflating import Arrived, InflatingClient
from tests.unit.fanout.revisions import feed_at
from tests.unit.fanout.test_fast_path import FakeLine, Wire

PEOPLE = 5
MANY = 100_000  #: bytes that a flush may deflate for single sessions, where that is no question

Step = tuple[Any, ...]

_person = st.integers(0, PEOPLE - 1)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("types"), _person, st.integers(1, 3)),
        st.tuples(st.just("all type"), st.integers(1, STRETCH)),
        st.tuples(st.just("flush"), st.booleans(), st.sampled_from([0, MANY])),
        st.tuples(st.just("flush"), st.just(True), st.just(MANY)),
        st.tuples(st.just("newest"), st.booleans()),
        st.tuples(st.just("alone"), _person, st.sampled_from([0, MANY])),
        st.tuples(st.just("private"), _person),
        st.tuples(st.just("news"), _person),
        st.tuples(st.just("introduced"), _person),
        st.tuples(st.just("slow"), _person),
        st.tuples(st.just("upgrades"), _person),
        st.tuples(st.just("leaves and comes back"), _person, st.booleans(), st.booleans()),
        st.tuples(st.just("accepted without a revision"), _person),
    ),
    max_size=40,
)


class _Person:
    """One who is on the pad, and his client."""

    def __init__(
        self, name: str, at: int, news_at: int, *, batching: bool, websocket: bool
    ) -> None:
        self.wire = Wire()
        self.client = InflatingClient()
        self.exit = Outbound()
        self.polled: list[Frame] = []
        identity = SessionIdentity(f"a.{name}", "p", "p", "", read_only=False, embedded=False)
        self.session = Session(
            identity, self.exit, batching, id=name, cursor=DeliveryCursor(at), news_at=news_at
        )
        self.session.window.asked_at = 0.0
        self.session.happened(SessionEvent.ENTERED)
        self.read: list[Arrived] = []
        if websocket:
            self.upgrade(deflates=True)

    def upgrade(self, *, deflates: bool) -> None:
        if self.exit.transport is None:
            line = FakeLine(self.wire, deflates=deflates)
            self.exit.to_websocket(cast(WebSocketConnection, line))

    def look(self) -> None:
        self.read += self.client.read(self.wire.read())


class _Pad:
    """A pad on a worker, and those who are on it; `context` as a flush has it, or None."""

    def __init__(self, context: SharedContext | None, deflates: Sequence[bool]) -> None:
        self.context = context
        self.deflates = deflates
        self.feed: Feed = feed_at(0, 1000)
        self.frames = Frames()
        self.news = News()
        self.roster: list[Frame] = []
        self.people = [
            # Neighbours are alike but for what they had last: only that tells them apart.
            _Person(f"s{number}", 0, 0, batching=number < 3, websocket=number != 3)
            for number in range(PEOPLE)
        ]
        for person, each in zip(self.people, deflates, strict=True):
            if person.exit.transport is not None and not each:
                person.exit.had = PLAIN
        self.gone: list[list[Arrived]] = []
        self.said = 0

    def do(self, step: Step) -> None:
        match step:
            case ("types", number, count):
                for _ in range(count):
                    self.type(f"s{number}")
            case ("all type", times):
                for number in range(times * PEOPLE):
                    self.type(f"s{number % (PEOPLE + 2)}")
            case ("flush", deflated, own):
                self.flush(self.context if deflated else None, own)
            case ("newest", deflated):
                self.newest(self.context if deflated else None)
            case ("alone", number, own):
                self.one(self.flush_of(self.context, own), self.people[number].session)
            case ("private", number):
                self.said += 1
                self.people[number].session.send(collab({"alone": self.said, "to": number}))
            case ("news", number):
                self.said += 1
                frame = collab({"type": "USER_NEWINFO", "userId": self.said})
                self.news.add(frame, but=f"s{number}")
                self.roster.append(frame)
            case ("introduced", number) if self.roster:
                self.people[number].exit.offer_run(SharedRun(self.roster[-3:]))
            case ("slow", number):
                wire = self.people[number].wire
                wire.stuck = 0 if wire.stuck else HIGH_WATER + 1
            case ("upgrades", number):
                self.people[number].upgrade(deflates=self.deflates[number])
            case ("leaves and comes back", number, batching, websocket):
                before = self.people[number]
                before.look()
                self.gone.append(before.read)
                after = _Person(
                    before.session.id,
                    before.session.cursor.sent_rev,
                    self.news.end,
                    batching=batching,
                    websocket=websocket,
                )
                after.session.cursor.resume_until = self.feed.head
                self.people[number] = after
            case ("accepted without a revision", number):
                self.people[number].session.cursor.accepted = [(self.feed.head, 1)]

    def type(self, session: str) -> None:
        """Adds a revision of this session. Revisions of one author have a text in common that
        others lack, and that a deflated message may refer back to."""
        rev = self.feed.head + 1
        author = sha256(session.encode()).hexdigest()
        wire = b'{"newRev":%d,"changeset":"Z:1>0$","apool":{},"author":"%b"}' % (
            rev,
            author.encode(),
        )
        chain = chain_of(self.feed.chain or b"", wire)
        made = Revision(rev, author, 1000 + rev, Origin(session, 1), chain, wire)
        assert self.feed.offer([made]) is None

    def flush_of(self, context: SharedContext | None, own: int) -> Flush:
        return Flush(self.feed, self.frames, 1.0, news=self.news, context=context, own=own)

    def one(self, flush: Flush, session: Session) -> None:
        session.flush(flush)

    def flush(self, context: SharedContext | None, own: int) -> None:
        flush = self.flush_of(context, own)
        push(flush, [person.session for person in self.people], partial(self.one, flush))
        flush.finish()

    def newest(self, context: SharedContext | None) -> None:
        newest, sessions = self.feed.newest, [person.session for person in self.people]
        if newest is not None:
            send_newest(newest, self.news.end, self.frames, sessions, 1.0, context)

    def read(self) -> list[list[str]]:
        """Returns what each person has read in the end."""
        for person in self.people:
            person.wire.stuck = 0
        self.flush(self.context, MANY)
        for person in self.people:
            person.upgrade(deflates=False)
            person.look()
        return [
            [each.text for each in read]
            for read in [*self.gone, *(person.read for person in self.people)]
        ]


def played(steps: Iterable[Step], context: SharedContext | None, deflates: Sequence[bool]) -> _Pad:
    pad = _Pad(context, deflates)
    for step in steps:
        pad.do(step)
    return pad


MISSED: list[Step] = [
    ("types", 0, 1),
    ("flush", True, MANY),
    ("slow", 2),
    ("types", 1, 1),
    ("flush", True, MANY),
    ("slow", 2),
    ("alone", 2, 0),  # it is brought up to date without a word of it deflated
    ("types", 1, 1),
    ("flush", True, MANY),
]

BY_NEWEST: list[Step] = [
    ("types", 0, 1),
    ("flush", True, MANY),
    ("types", 1, 1),
    ("newest", True),
    ("types", 0, 1),
    ("flush", True, MANY),
    ("types", 1, 1),
    ("newest", True),
    ("types", 0, 1),
    ("newest", True),
]


@given(_steps, st.lists(st.booleans(), min_size=PEOPLE, max_size=PEOPLE))
@example(MISSED, [True] * PEOPLE)
@example(BY_NEWEST, [True] * PEOPLE)
def test_I3_each_client_reads_what_it_would_have_been_sent_undeflated(
    steps: list[Step], deflates: list[bool]
) -> None:
    deflated = played(steps, SharedContext(), deflates).read()
    assert deflated == played(steps, None, [False] * PEOPLE).read()


def test_I3_a_client_would_misread_if_its_last_message_were_not_tracked() -> None:
    """The model is good for something: a socket that missed a message and is taken for one that did
    not reads another text, or cannot read at all."""

    class Careless(SharedContext):
        def group(self, had: int) -> int:
            return had if had == PLAIN or not self._ends else next(reversed(self._ends))

    expected = played(MISSED, None, [False] * PEOPLE).read()
    assert played(MISSED, SharedContext(), [True] * PEOPLE).read() == expected
    with pytest.raises((zlib.error, AssertionError, UnicodeDecodeError)):
        assert played(MISSED, Careless(), [True] * PEOPLE).read() == expected


def typed(count: int, *, context: SharedContext, rounds: int = 12) -> _Pad:
    """Returns a pad on which somebody types who is connected elsewhere."""
    pad = _Pad(context, [True] * PEOPLE)
    for _ in range(rounds):
        for _ in range(count):
            pad.type("elsewhere")
        pad.flush(context, MANY)
    return pad


def test_all_sessions_in_step_read_the_same_bytes() -> None:
    pad = typed(1, context=SharedContext())
    before = [person.session.window.sent for person in pad.people if person.exit.had > NOTHING]
    pad.type("elsewhere")
    flush = pad.flush_of(pad.context, 0)
    push(flush, [person.session for person in pad.people], partial(pad.one, flush))
    after = [person.session.window.sent for person in pad.people if person.exit.had > NOTHING]
    assert len({person.exit.had for person in pad.people if person.exit.had > NOTHING}) == 1
    assert len({b - a for a, b in zip(before, after, strict=True)}) == 1
    tally = flush.finish()
    assert tally.after * 3 < tally.before


def test_a_client_that_missed_a_message_is_in_step_again_with_the_next() -> None:
    pad = typed(1, context=SharedContext())
    late = pad.people[0]
    late.wire.stuck = HIGH_WATER + 1
    for _ in range(KEPT + 2):
        pad.type("elsewhere")
        pad.flush(pad.context, MANY)
    late.wire.stuck = 0
    assert late.exit.had != pad.people[1].exit.had
    pad.type("elsewhere")
    pad.flush(pad.context, 0)
    pad.type("elsewhere")
    pad.flush(pad.context, 0)
    assert late.exit.had == pad.people[2].exit.had


@pytest.mark.parametrize("how", ["with all", "alone", "newest", "introduced"])
def test_I4_what_a_socket_has_not_taken_is_not_in_its_window(how: str) -> None:
    pad = typed(1, context=SharedContext())
    late = pad.people[0]

    def place() -> tuple[int, ...]:
        session = late.session
        return late.exit.had, session.cursor.sent_rev, session.news_at, session.window.sent

    before = place()
    assert late.exit.had > NOTHING
    late.wire.stuck = HIGH_WATER + 1
    pad.type("elsewhere")
    match how:
        case "with all":
            pad.flush(pad.context, MANY)
        case "alone":
            pad.do(("alone", 0, MANY))
        case "newest":
            pad.newest(pad.context)
        case "introduced":
            assert not late.exit.offer_run(SharedRun([collab({"type": "USER_NEWINFO"})]))
    assert place() == before
    late.wire.stuck = 0
    pad.flush(pad.context, MANY)
    late.look()  # which fails where its window is another
    assert late.session.cursor.sent_rev == pad.feed.head
    assert late.read[-1].deflated


def test_private_messages_are_not_deflated_and_change_nothing() -> None:
    pad = typed(1, context=SharedContext())
    person = pad.people[0]
    had = person.exit.had
    person.session.send(collab({"alone": "secret"}))
    assert person.exit.had == had
    person.look()
    assert not person.read[-1].deflated
    assert "secret" in person.read[-1].text
    assert {each.deflated for each in person.read[:-1]} == {True}


def test_a_client_that_comes_from_polling_begins_without_a_window() -> None:
    way_out = Outbound()
    assert way_out.had == PLAIN
    way_out.offer_run(SharedRun([collab({"type": "USER_NEWINFO"})]))
    line = FakeLine(wire := Wire(), deflates=True)
    way_out.to_websocket(cast(WebSocketConnection, line))
    assert way_out.had == NOTHING
    (first,) = InflatingClient().read(wire.read())
    assert not first.deflated


def test_what_a_flush_deflates_for_single_sessions_is_bounded() -> None:
    context = SharedContext()
    pad = _Pad(context, [True] * PEOPLE)
    for session in ("s1", "s0", "s3", "s4"):
        pad.type(session)
    most = 2 * len(pad.feed.get(1).wire)
    flush = pad.flush_of(context, most)
    author, other = pad.people[0], pad.people[2]
    pad.one(flush, author.session)
    author.look()
    assert {each.deflated for each in author.read} == {False}
    assert author.exit.had == NOTHING
    flush = pad.flush_of(context, 4 * most)
    pad.one(flush, other.session)
    other.look()
    assert {each.deflated for each in other.read} == {True}


def test_a_long_message_goes_as_it_is_and_the_windows_do_not_notice() -> None:
    client = InflatingClient()
    short = [collab({"n": number, "text": "over and over"}).shared() for number in range(3)]
    long = collab({"text": "x" * LONGEST}).shared()
    made = deflate([short[0], long, short[1]])
    assert made.last is short[1]
    read = client.read(made.data)
    assert [each.deflated for each in read] == [True, False, True]
    again = client.read(deflate([short[2]], short[1].payload).data)
    assert [each.text for each in [*read, *again]] == [
        frame.payload.decode() for frame in (short[0], long, short[1], short[2])
    ]
    alone = deflate([long])
    assert (alone.last, alone.data) == (None, long.websocket)


def test_what_is_kept_of_a_pad_is_bounded() -> None:
    context = SharedContext()
    typed(3, context=context, rounds=50)
    assert len(context._ends) <= KEPT
