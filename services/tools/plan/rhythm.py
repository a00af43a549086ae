"""How often a busy pad flushes, how many revisions a message carries, how long they wait: pure.

What `services/fanout/delivery/pacing.py` does from flush to flush, this says of the average. The
two are compared by the simulation (docs/capacity.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from padfleet.services.tools.plan.constants import Constants
from padfleet.shared.settings import FanoutSettings, WriterSettings

ROUNDS = 40
"""Steps of the search for the rhythm at which a flush takes as long as it does; each halves what is
missing."""

BUSY_FOR_S = 0.1
"""A pad counts as busy for so long after a flush: `BUSY_FOR` of `fanout.delivery.turns`."""

HOP_S = 0.002
"""From the writer's commit through Redis to a worker of the same site."""


@dataclass(frozen=True, slots=True)
class BusyRoom:
    """One pad on one worker."""

    sockets: float
    own: float  #: edits per second of authors here
    revisions: float  #: per second, of the whole pad


@dataclass(frozen=True, slots=True)
class Rhythm:
    announced: float  #: commits of this pad that a worker hears of, per second
    flushes: float  #: per second
    batch: float  #: revisions in a message
    flush_s: float  #: CPU time of one flush
    pause_s: float  #: between the end of a flush and the next one
    p95_s: float  #: from commit to socket


def announcements(revisions: float) -> float:
    """Commits per second of a pad with so many revisions per second, that come at random times: the
    writer waits between two rounds, and what came meanwhile is one commit. If nothing did, the next
    revision is one at once."""
    interval = WriterSettings.commit_interval_ms / 1000
    if not revisions:
        return 0.0
    return 1 / (interval + math.exp(-revisions * interval) / revisions)


def rhythm(
    room: BusyRoom, constants: Constants, revision_bytes: float, *, busy: float = 1.0
) -> Rhythm:
    """Of a pad on a worker with so many pads that flush at the moment, this one included: they
    share what fan-out may take, so each pauses longer."""
    announced = announcements(room.revisions)
    if not announced:
        return Rhythm(0, 0, 0, 0, 0, 0)
    share = FanoutSettings.flush_share
    ceiling, fastest = FanoutSettings.flush_pause_max_ms / 1000, float(FanoutSettings.flush_rate)
    unhindered = min(announced, fastest)
    flushes = unhindered
    cost = pause = 0.0
    for _ in range(ROUNDS):
        cost = flush_seconds(room, flushes, constants, revision_bytes)
        pause = min(cost * (busy / share - 1), ceiling)
        flushes = (flushes + min(unhindered, 1 / (cost + pause))) / 2
    # A revision that finds the pad quiet goes at once. Otherwise it waits for the next flush, which
    # it may just have missed, and within that for its socket's turn.
    period = 1 / flushes
    waits = 0.95 * period if room.revisions > flushes * 1.05 else 0.0
    return Rhythm(
        announced,
        flushes,
        max(1.0, room.revisions / flushes),
        cost,
        max(pause, period - cost),
        HOP_S + waits + cost,
    )


def flush_seconds(
    room: BusyRoom, flushes: float, constants: Constants, revision_bytes: float
) -> float:
    """CPU time of one flush at this rhythm. Authors with an edit in it are served by themselves."""
    batch = max(1.0, room.revisions / flushes)
    size = batch * revision_bytes
    write = constants.worker_write_s + size * constants.worker_byte_s
    return (
        constants.worker_turn_s / 2
        + room.sockets * write
        + room.own / flushes * constants.worker_own_s
    )
