"""Tests which pads a worker reports as busy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.ops.figures import MOST, Busiest
from padfleet.shared.log.keys import CANARY


def room(pad: str, head: int, *, sent: list[int], users: int = 5) -> Any:
    sessions = {
        str(n): SimpleNamespace(cursor=SimpleNamespace(sent_rev=s)) for n, s in enumerate(sent)
    }
    return SimpleNamespace(
        pad_id=pad,
        feed=SimpleNamespace(head=head),
        sessions=sessions,
        people=SimpleNamespace(roster=range(users)),
    )


def test_the_busiest_are_those_with_most_deliveries() -> None:
    rooms = [
        room("quiet", 900, sent=[900] * 30, users=30),
        room("hot", 100, sent=[100, 90]),
        room(f"{CANARY}0", 1, sent=[1]),
    ]
    now = 10.0
    busiest = Busiest(cast("list[Room]", rooms), lambda: now)
    now = 12.0
    first = busiest.look()
    assert [(busy.pad, busy.rate) for busy in first] == [("quiet", 0), ("hot", 0)]
    rooms[1].feed.head += 20
    rooms[2].feed.head += 9000
    now = 14.0
    hot, quiet = busiest.look()
    assert (hot.pad, hot.rate, hot.users, hot.sessions, hot.behind) == ("hot", 100, 5, 2, 30)
    assert (quiet.pad, quiet.rate, quiet.behind) == ("quiet", 0, 0)


def test_a_pad_that_begins_anew_has_no_rate_below_zero() -> None:
    rooms = [room("again", 500, sent=[500])]
    now = 0.0
    busiest = Busiest(cast("list[Room]", rooms), lambda: now)
    now = 2.0
    busiest.look()
    rooms[0].feed.head = 1
    now = 4.0
    (again,) = busiest.look()
    assert again.rate == 0
    assert again.behind == 0  # what was sent is of the history before


def test_few_are_named() -> None:
    rooms = [room(f"pad-{number}", 0, sent=[0]) for number in range(1000)]
    assert len(Busiest(cast("list[Room]", rooms)).look()) == MOST
