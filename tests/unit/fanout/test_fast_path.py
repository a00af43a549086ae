"""Tests that the inner loop sends each session what `Session.flush` would have sent."""

from __future__ import annotations

import asyncio
import random
import socket
from contextlib import suppress
from functools import partial
from typing import Any, cast

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.delivery.fast_path import push
from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.session import Session, SessionIdentity
from padfleet.services.fanout.delivery.session_state import SessionEvent
from padfleet.services.fanout.delivery.window import LIMIT
from padfleet.services.fanout.pads.collabroom import Frames, collab
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.websocket_connection import HIGH_WATER, WebSocketConnection
from padfleet.shared.wire.jsontext import loads
from tests.unit.fanout.revisions import feed_at, revision
from tests.unit.fanout.test_outbound import FakeTransport


class Wire(FakeTransport):
    """A transport on a real socket, whose other end is read."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.far.setblocking(False)
        super().__init__(self.near.fileno())

    def write(self, data: bytes) -> None:
        self.near.sendall(data)

    def read(self) -> bytes:
        read = b""
        with suppress(BlockingIOError):
            while data := self.far.recv(65536):
                read += data
        return read


class FakeLine:
    def __init__(self, transport: FakeTransport, *, deflates: bool = False) -> None:
        self.transport = transport
        self.deflates = deflates


def a_session(
    name: str, at: int, news_at: int, *, batching: bool, deflates: bool = False
) -> tuple[Session, Wire]:
    wire = Wire()
    line, way_out = FakeLine(wire, deflates=deflates), Outbound()
    way_out.to_websocket(cast(WebSocketConnection, line))
    identity = SessionIdentity(f"a.{name}", "pad", "pad", "r.0", read_only=False, embedded=False)
    session = Session(
        identity, way_out, batching, id=name, cursor=DeliveryCursor(at), news_at=news_at
    )
    session.window.asked_at = 0.0
    session.happened(SessionEvent.ENTERED)
    return session, wire


def messages(written: bytes) -> list[Any]:
    """Returns the data of the messages in these bytes, without pings."""
    found = []
    while written:
        length, header = written[1], 2
        if length == 126:
            length, header = int.from_bytes(written[2:4], "big"), 4
        payload, written = written[header : header + length], written[header + length :]
        if payload != b"2":
            found.append(loads(payload[2:])[1]["data"])
    return found


def test_it_sends_what_a_flush_of_each_session_sends() -> None:
    for seed in range(200):
        compare(seed)


def compare(seed: int) -> None:
    random.seed(seed)
    news = News()
    for number in range(random.randrange(5)):
        news.add(collab({"who": number}), but=random.choice(["", "s1", "s2"]))
    feed = feed_at(10, 100)
    head = 10 + random.randrange(8)
    feed.offer(
        [
            revision(rev, session=random.choice([None, "elsewhere", "s1", "s2", "s3"]))
            for rev in range(11, head + 1)
        ]
    )
    places = [
        (f"s{number}", random.randint(10, head), random.randint(0, news.end), random.random() < 0.7)
        for number in range(6)
    ]
    results = []
    for by_push in (True, False):
        sessions = [a_session(n, at, told, batching=b) for n, at, told, b in places]
        for number, (session, _) in enumerate(sessions):
            if number == 4 and session.cursor.sent_rev < head:
                session.cursor.accepted = [(head, 1)]
            if number == 5:
                session.cursor.resume_until = session.cursor.sent_rev + 2
        flush = Flush(feed, Frames(), 1.0, news=news)
        if by_push:
            push(flush, [session for session, _ in sessions], partial(flush_one, flush))
        else:
            for session, _ in sessions:
                session.flush(flush)
        tally = flush.finish()
        results.append(
            (
                [(s.cursor, s.news_at, messages(t.read())) for s, t in sessions],
                [s.window.sent for s, _ in sessions],
                (tally.frames, tally.revisions, tally.bytes),
            )
        )
    assert results[0] == results[1]
    assert all(cursor.sent_rev == head for cursor, _, _ in results[0][0])


def flush_one(flush: Flush, session: Session) -> None:
    session.flush(flush)


def alone(*, now: float = 1.0, questions: int = 0) -> tuple[Session, Wire, Flush]:
    session, transport = a_session("s", 10, 0, batching=True)
    feed = feed_at(10, 100)
    feed.offer([revision(11), revision(12)])
    return session, transport, Flush(feed, Frames(), now, news=News(), questions=questions)


def handed_over(session: Session, flush: Flush) -> bool:
    seen: list[Session] = []
    push(flush, [session], seen.append)
    return seen == [session]


def test_a_session_that_waits_is_left_alone() -> None:
    session, transport, flush = alone()
    session.happened(SessionEvent.STUCK)
    assert not handed_over(session, flush)
    assert transport.read() == b""


def test_a_slow_socket_is_handed_over() -> None:
    session, transport, flush = alone()
    transport.stuck = HIGH_WATER + 1
    assert handed_over(session, flush)
    assert session.cursor.sent_rev == 10


def test_a_full_window_is_handed_over() -> None:
    session, _, flush = alone()
    session.window.sent = LIMIT
    assert handed_over(session, flush)


def test_a_session_to_be_pinged_leaves_the_fast_path_while_pings_are_left() -> None:
    session, _, flush = alone(now=100.0, questions=1)
    assert handed_over(session, flush)
    session, _, flush = alone(now=100.0, questions=0)
    assert not handed_over(session, flush)


def test_a_session_with_nothing_to_get_gets_nothing() -> None:
    session, transport, flush = alone()
    push(flush, [session], partial(flush_one, flush))
    assert transport.read()
    push(flush, [session], partial(flush_one, flush))
    assert transport.read() == b""


def test_what_does_not_fit_goes_through_the_transport() -> None:
    """The kernel may take any part of it: the rest follows, and nothing comes in between."""
    session, wire, _ = alone()
    fake = FakeTransport(wire.fd)
    session.exit.transport = cast(asyncio.WriteTransport, fake)
    feed = feed_at(10, 1000)
    feed.offer([revision(rev) for rev in range(11, 490)])
    wire.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    push(Flush(feed, Frames(), 1.0), [session], lambda one: None)
    arrived = wire.read()
    assert arrived
    assert fake.written
    batches = messages(arrived + fake.written)
    revs = [change["newRev"] for batch in batches for change in batch["changes"]]
    assert revs == list(range(11, 490))
    assert session.cursor.sent_rev == 489


def test_a_broken_connection_is_left_to_the_transport() -> None:
    session, wire, flush = alone()
    fake = FakeTransport(wire.fd)
    session.exit.transport = cast(asyncio.WriteTransport, fake)
    wire.far.close()
    push(flush, [session], lambda one: None)
    assert fake.written
