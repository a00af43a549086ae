"""Connections that never come to anything."""

from time import monotonic

import pytest

from padfleet.services.fanout.limits import idle
from padfleet.services.fanout.limits.idle import IdleSockets


class Way:
    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        self.ended = True


def test_a_socket_that_does_not_ask_for_a_pad_in_time_is_closed() -> None:
    idle_sockets = IdleSockets(to_ask=10, idle=100)
    silent, joined, denied, gone = Way(), Way(), Way(), Way()
    now = monotonic()
    for way in (silent, joined, denied, gone):
        idle_sockets.add(way)
    idle_sockets.on_a_pad(joined)
    idle_sockets.off_its_pad(denied)
    idle_sockets.remove(gone)
    ends = []
    for later in (5, 11, 101):
        idle_sockets.sweep(now + later)
        ends.append([way.ended for way in (silent, joined, denied, gone)])
    assert ends == [
        [False, False, False, False],
        [True, False, False, False],  # who was denied may stay for a while, and ask again
        [True, False, True, False],
    ]


def test_a_socket_that_leaves_its_pad_is_idle_from_then_on() -> None:
    idle_sockets = IdleSockets(to_ask=10, idle=100)
    way = Way()
    idle_sockets.add(way)
    idle_sockets.on_a_pad(way)
    idle_sockets.off_its_pad(way)
    ended = []
    for later in (50, 101):
        idle_sockets.sweep(monotonic() + later)
        ended.append(way.ended)
    assert ended == [False, True]


def test_who_could_have_asked_gives_its_place_up_and_who_has_just_come_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(idle, "monotonic", lambda: now[0])
    idle_sockets = IdleSockets(to_ask=45, idle=900)
    early, joined, late, denied = Way(), Way(), Way(), Way()
    idle_sockets.add(early)
    idle_sockets.add(joined)
    idle_sockets.on_a_pad(joined)
    idle_sockets.off_its_pad(denied)
    now[0] += 4
    idle_sockets.add(late)
    assert not idle_sockets.end_one(waited=5)
    now[0] += 2
    assert idle_sockets.end_one(waited=5)
    assert not idle_sockets.end_one(waited=5)
    assert [way.ended for way in (early, joined, late, denied)] == [True, False, False, False]
    assert idle_sockets.end_one()
    assert idle_sockets.end_one()  # where there is no descriptor left, the others too
    assert not idle_sockets.end_one()
    assert not joined.ended
