"""News of people, told in order, once, and to all but the one that they are about."""

from __future__ import annotations

import json

import pytest

from padfleet.services.fanout.delivery.flush import Flush
from padfleet.services.fanout.delivery.session import Flushed, Session
from padfleet.services.fanout.pads.collabroom import Frames, collab
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.news import News
from padfleet.services.fanout.transport.outbound import Outbound
from padfleet.services.fanout.transport.packets import Frame
from tests.unit.fanout.revisions import feed_at, revision
from tests.unit.fanout.test_flush import ME, a_session


class Tap(Outbound):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[Frame] = []

    def offer(self, frame: Frame) -> bool:
        self.writes.append(frame)
        return True

    @property
    def told(self) -> list[str]:
        packets = [packet for frame in self.writes for packet in frame.encode().split("\x1e")]
        data = [json.loads(packet[2:])[1]["data"] for packet in packets if packet != "2"]
        return [each.get("who") or str(each["newRev"]) for each in data]


def news_of(who: str) -> Frame:
    return collab({"who": who})


def flush(session: Session, feed: Feed, news: News) -> Flushed:
    return session.flush(Flush(feed, Frames(), 0.0, news=news))


def test_several_items_of_news_are_one_write() -> None:
    tap, news = Tap(), News()
    session = a_session(tap, at=0)
    for number in range(100):
        news.add(news_of(f"a.{number}"))
    flush(session, feed_at(0, 10), news)
    assert tap.told == [f"a.{number}" for number in range(100)]
    assert len(tap.writes) == 1
    flush(session, feed_at(0, 10), news)
    assert len(tap.writes) == 1


def test_a_session_is_not_told_of_itself() -> None:
    tap, news = Tap(), News()
    session = a_session(tap, at=0)
    news.add(news_of("a.1"))
    news.add(news_of("me"), but=ME)
    news.add(news_of("a.2"))
    flush(session, feed_at(0, 10), news)
    assert tap.told == ["a.1", "a.2"]
    news.add(news_of("me again"), but=ME)
    flush(session, feed_at(0, 10), news)
    assert tap.told == ["a.1", "a.2"]


def test_a_newcomer_is_introduced_before_its_first_revision() -> None:
    for session_of_revision in ("theirs", ME):
        tap, news, feed = Tap(), News(), feed_at(0, 10)
        news.add(news_of("a.1"))
        feed.offer([revision(1, session=session_of_revision)])
        flush(a_session(tap, at=0), feed, news)
        assert tap.told == ["a.1", "1"]


def test_news_that_come_during_a_flush_are_in_the_next() -> None:
    """A run is made once for all sessions at a place; what comes after is not in it."""
    one, other, news, feed = Tap(), Tap(), News(), feed_at(0, 10)
    first, second = a_session(one, at=0), a_session(other, at=0)
    news.add(news_of("a.1"))
    both = Flush(feed, Frames(), 0.0, news=news)
    first.flush(both)
    news.add(news_of("a.2"))
    second.flush(both)
    for session in (first, second):
        flush(session, feed, news)
    assert one.told == other.told == ["a.1", "a.2"]


def test_a_window_that_news_have_filled_has_been_asked_about() -> None:
    """If it had not been, the session would wait forever, since there is no revision to carry the
    ping."""
    for acks in (False, True):
        news = News()
        session = a_session(Tap(), at=0)
        session.acks = acks
        for _ in range(400):
            news.add(news_of("x" * 1000))
            flush(session, feed_at(0, 10), news)
        assert flush(session, feed_at(0, 10), news) is Flushed.WAITING
        assert session.exit.pings
        while session.exit.pings:
            session.exit.ponged(1.0)
        assert flush(session, feed_at(0, 10), news) is Flushed.UP_TO_DATE


def test_I6_a_session_that_is_sent_nothing_for_long_has_lost_touch() -> None:
    news = News(capacity=10)
    session = a_session(Tap(), at=0)
    for number in range(100):
        news.add(news_of(f"a.{number}"))
    assert flush(session, feed_at(0, 10), news) is Flushed.LOST_TOUCH
    with pytest.raises(IndexError):
        news.since(0)
    assert len(news.since(news.end - 10)) == 10


def test_I6_long_messages_are_not_kept_for_ever() -> None:
    """Plugins pass on what they like: there are fewer of them, not more memory."""
    news = News(most_bytes=100_000)
    frame = news_of("x" * 10_000)
    for _ in range(100):
        news.add(frame)
        kept = news.since(news.end - 1)
        assert [each for each, _ in kept] == [frame], "the last one is always there"
    with pytest.raises(IndexError):
        news.since(news.end - 11)
    assert len(news.since(news.end - 4)) == 4
