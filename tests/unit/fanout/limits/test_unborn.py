"""Connections that never come to anything."""

from time import monotonic

from services.fanout.limits.unborn import Nursery


class Way:
    def __init__(self) -> None:
        self.ended = False

    def end(self) -> None:
        self.ended = True


def test_who_does_not_ask_for_a_pad_in_time_is_let_go() -> None:
    nursery = Nursery(to_ask=10, idle=100)
    silent, joined, denied, gone = Way(), Way(), Way(), Way()
    now = monotonic()
    for way in (silent, joined, denied, gone):
        nursery.born(way)
    nursery.on_a_pad(joined)
    nursery.off_its_pad(denied)
    nursery.gone(gone)
    ends = []
    for later in (5, 11, 101):
        nursery.sweep(now + later)
        ends.append([way.ended for way in (silent, joined, denied, gone)])
    assert ends == [
        [False, False, False, False],
        [True, False, False, False],  # who was denied may stay for a while, and ask again
        [True, False, True, False],
    ]


def test_who_leaves_its_pad_is_idle_from_then_on() -> None:
    nursery = Nursery(to_ask=10, idle=100)
    way = Way()
    nursery.born(way)
    nursery.on_a_pad(way)
    nursery.off_its_pad(way)
    ended = []
    for later in (50, 101):
        nursery.sweep(monotonic() + later)
        ended.append(way.ended)
    assert ended == [False, True]
