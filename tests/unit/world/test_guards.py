"""Tests what the guards of workers and of people's connections say about what our code never does.

They hook into classes of the product, which the tests put back.
"""

from __future__ import annotations

from typing import Any, cast

import pytest

from padfleet.services.fanout.delivery.cursor import DeliveryCursor
from padfleet.services.fanout.hub.rooms import Rooms
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.replica import PadReplica
from padfleet.services.tools.loadtest.websocket import FrameReader, LoadSocketError, text_frame
from padfleet.shared.log.connection.channels import Subscriber
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Revision, chain_of
from tests.chaos.history.hearing import Hearing
from tests.world.guards.answers import Answers
from tests.world.guards.frames import FramesGuard
from tests.world.guards.histories import Histories
from tests.world.guards.rooms import RoomsGuard

HOOKED: tuple[tuple[type, str], ...] = (
    (PadReplica, "advance"),
    (DeliveryCursor, "moved"),
    (Rooms, "__init__"),
    (Subscriber, "__init__"),
    (FrameReader, "feed"),
    (Hearing, "read"),
)

EPOCH = 7


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for hooked, name in HOOKED:
        monkeypatch.setattr(hooked, name, getattr(hooked, name))
    return []


def history(*words: bytes) -> list[Revision]:
    """Returns the revisions of a history in which these are stored."""
    chain, made = b"", []
    for rev, wire in enumerate(words):
        chain = chain_of(chain, wire)
        made.append(Revision(rev, "a", 1, None, chain, wire))
    return made


@pytest.fixture
def replica(found: list[str]) -> PadReplica:
    """Returns an empty replica that is looked into. Three revisions have been committed,
    all in one epoch."""
    keys = Keyspace(1).pad("p")
    histories, base = Histories(found.append, Answers()), keys.channel.encode()
    for revision in history(b"0", b"1", b"2"):
        histories.ever[base].add((revision.rev, revision.chain))
        histories.epochs[base, revision.rev, revision.chain].add(EPOCH)
    RoomsGuard(found.append, histories)
    replica = PadReplica(cast(Any, None), keys, ring=10)
    replica.epoch = EPOCH
    return replica


@pytest.fixture
def credulous(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has feeds take whatever they are given."""

    def take(feed: Feed, revisions: list[Revision]) -> None:
        if revisions[0].rev != feed.head + 1:
            feed._ring.clear()
        feed._ring += revisions
        feed.head, feed.chain = revisions[-1].rev, revisions[-1].chain

    monkeypatch.setattr(Feed, "offer", take)


def test_nothing_is_said_about_a_feed_that_moves_on(found: list[str], replica: PadReplica) -> None:
    made = history(b"0", b"1", b"2")
    replica.advance(made[:1])
    replica.advance(made[1:])
    assert replica.feed.head == 2
    assert not found


@pytest.mark.usefixtures("credulous")
def test_I3_a_gap_that_is_passed_over_is_found(found: list[str], replica: PadReplica) -> None:
    made = history(b"0", b"1", b"2")
    replica.advance(made[:1])
    replica.advance(made[2:])
    assert found == ["I3 somebody passes over revisions 1 to 1"]


@pytest.mark.usefixtures("credulous")
def test_I5_another_history_is_found(found: list[str], replica: PadReplica) -> None:
    replica.advance(history(b"0", b"1"))
    replica.advance(history(b"0", b"1", b"2")[2:])
    assert not found
    replica.feed = Feed(0, 10, history(b"0")[0].chain)
    replica.advance(history(b"other", b"1")[1:])
    assert found[0] == "I5 somebody takes in revision 1, which does not follow"


def test_I5_what_was_committed_before_a_deletion_is_found_after_it(
    found: list[str], replica: PadReplica
) -> None:
    replica.forget(EPOCH + 1)
    replica.advance(history(b"0"))
    assert found == ["I5 somebody takes in revision 0 of a pad that is gone"]


def test_I4_half_a_frame_is_found(found: list[str]) -> None:
    FramesGuard(found.append)
    hearing, whole = Hearing(), b"\x81\x032[]"
    assert FrameReader().feed(whole + whole[:3]) == [b"2[]"]
    assert not found
    with pytest.raises(LoadSocketError):
        FrameReader().feed(text_frame(b"a client's frame is masked"))
    assert len(found) == 1
    hearing.read(b'42["message",{"type":"COLLABROOM","data":{}}]')
    assert len(found) == 1
    hearing.read(b'42["message",{"typ\x81')
    assert len(found) == 2
    hearing.read(b'44{"message":"no more sockets"}')
    assert len(found) == 2, "whoever is turned away is told so"
