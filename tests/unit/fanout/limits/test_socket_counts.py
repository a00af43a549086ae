"""Tests that a socket has a place, and a deadline for asking for a pad, from its arrival to its
end."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from padfleet.services.fanout import metrics
from padfleet.services.fanout.limits.connection_quota import ConnectionQuota, QuotaExceeded
from padfleet.services.fanout.limits.idle import IdleSockets
from padfleet.services.fanout.limits.socket_counts import SocketCounts
from padfleet.shared.fleet.beacon import reading
from padfleet.shared.payers import Payer


@dataclass(eq=False)
class WayOut:
    ended: bool = False

    def end(self) -> None:
        self.ended = True


ONE = Payer("192.0.2.1")


@dataclass(eq=False)
class Caller:
    payer: Payer = ONE
    exit: WayOut = field(default_factory=WayOut)


def test_a_closed_socket_gives_its_place_back_and_is_not_waited_for() -> None:
    places = ConnectionQuota(total=2, per_address=1)
    idle = IdleSockets(to_ask=10, idle=10)
    counts = SocketCounts(places, idle)
    before = reading(metrics.SOCKETS)
    stays, goes = Caller(Payer("192.0.2.1")), Caller(Payer("192.0.2.2"))
    counts.on_open(stays)
    counts.on_open(goes)
    assert reading(metrics.SOCKETS) == before + 2
    assert places.why_not(Payer("192.0.2.3")) is QuotaExceeded.WORKER
    counts.on_close(goes)
    assert reading(metrics.SOCKETS) == before + 1
    assert places.why_not(Payer("192.0.2.2")) is None
    assert places.why_not(Payer("192.0.2.1")) is QuotaExceeded.ADDRESS
    idle.sweep(math.inf)
    assert (stays.exit.ended, goes.exit.ended) == (True, False)
    counts.on_close(stays)
    assert reading(metrics.SOCKETS) == before
