"""Tests what a room takes in of what its channel brings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from padfleet.services.fanout.hub.channel import Channel
from padfleet.shared.log.channel_messages import Committed
from padfleet.shared.log.keys import Keyspace
from padfleet.shared.log.records import Origin, Revision
from tests.unit.fanout.revisions import revision

EPOCH = 7


class Parts:
    """The parts of a room that commits concern."""

    def __init__(self, *, is_present: bool = True) -> None:
        self.taken: list[Revision] = []
        self.deleted: list[int] = []
        redis = SimpleNamespace(is_present=lambda _partition, _reign: is_present)
        replica = SimpleNamespace(epoch=EPOCH)
        audience = SimpleNamespace(deleted=self.deleted.append)
        resync = SimpleNamespace(take=lambda revisions, _reign: self.taken.extend(revisions))
        others = [SimpleNamespace() for _ in range(6)]
        of_channel: list[Any] = [replica, *others, audience, resync]
        self.channel = Channel(
            cast(Any, redis), Keyspace(1).pad("p"), Origin("the room", 1), *of_channel
        )
        self.channel.begin()

    def hears(self, epoch: int) -> None:
        self.channel.take(Committed(epoch, "a reign", [revision(5)], []))


def test_revisions_of_this_pad_are_taken_in() -> None:
    parts = Parts()
    parts.hears(EPOCH)
    assert [taken.rev for taken in parts.taken] == [5]


def test_I5_revisions_of_a_pad_that_is_gone_are_not() -> None:
    """They may come late: what was read on another connection has said already that the pad was
    deleted, or that there is another in its place."""
    parts = Parts()
    parts.hears(EPOCH - 1)
    assert not parts.taken
    assert not parts.deleted


def test_I5_revisions_of_the_pad_that_comes_next_end_this_one() -> None:
    parts = Parts()
    parts.hears(EPOCH + 1)
    assert parts.deleted == [EPOCH + 1]


def test_I5_what_a_server_says_that_has_been_replaced_is_not_taken_in() -> None:
    parts = Parts(is_present=False)
    parts.hears(EPOCH)
    assert not parts.taken
