"""Connections that never come to anything."""

from time import monotonic

import pytest

from padfleet.services.fanout.limits import idle
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.shared.payers import Payer

ONE, OTHER, THIRD = (Payer(f"192.0.2.{number}") for number in (1, 2, 3))


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
        idle_sockets.add(way, ONE)
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
    idle_sockets.add(way, ONE)
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
    idle_sockets.add(early, ONE)
    idle_sockets.add(joined, ONE)
    idle_sockets.on_a_pad(joined)
    idle_sockets.off_its_pad(denied)
    now[0] += 4
    idle_sockets.add(late, ONE)
    assert not idle_sockets.end_one(waited=5)
    now[0] += 2
    assert idle_sockets.end_one(waited=5)
    assert not idle_sockets.end_one(waited=5)
    assert [way.ended for way in (early, joined, late, denied)] == [True, False, False, False]
    assert idle_sockets.end_one()
    assert idle_sockets.end_one()  # where there is no descriptor left, the others too
    assert not idle_sockets.end_one()
    assert not joined.ended


def test_one_client_that_has_taken_all_places_makes_place_for_others() -> None:
    """It takes them within the seconds in which any page may still ask for its pad."""
    idle_sockets = IdleSockets(to_ask=45, idle=900)
    many, joined, single = [Way() for _ in range(3)], Way(), Way()
    for way in (joined, *many):
        idle_sockets.add(way, ONE)
    idle_sockets.on_a_pad(joined)
    idle_sockets.add(single, OTHER)
    assert not idle_sockets.make_place_for(ONE)  # it would be its own place
    assert idle_sockets.make_place_for(THIRD)
    assert idle_sockets.make_place_for(THIRD)
    assert [way.ended for way in many] == [True, True, False], "the first to come go first"
    # Whoever holds no more than the newcomer would keeps it.
    assert not idle_sockets.make_place_for(THIRD)
    assert not any(way.ended for way in (joined, single, many[2]))


def test_who_left_a_pad_counts_until_it_has_gone() -> None:
    idle_sockets = IdleSockets(to_ask=45, idle=900)
    ways = [Way(), Way()]
    for way in ways:
        idle_sockets.add(way, ONE)
        idle_sockets.on_a_pad(way)
    assert not idle_sockets.make_place_for(OTHER)
    for way in ways:
        idle_sockets.off_its_pad(way)
    idle_sockets.remove(ways[0])
    assert not idle_sockets.make_place_for(OTHER)
    idle_sockets.off_its_pad(ways[0])  # its client's last words; it is closed
    assert not idle_sockets.make_place_for(OTHER)
