"""Estimates how often a busy pad flushes, how many revisions a message has, and how long they wait.
Pure.

`services/fanout/delivery/pacing.py` decides this from flush to flush, by the same rule
(`shared/flushes.py`); this module estimates the average. The simulation compares the two
(docs/capacity.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from padfleet.services.tools.plan.compression import deflating_seconds, on_the_wire
from padfleet.services.tools.plan.constants import Constants
from padfleet.shared.flushes import pause_after, steady_rate
from padfleet.shared.rounds import FREE_COMMITS, FREE_ROUNDS, pause
from padfleet.shared.settings import FanoutSettings, WriterSettings

ROUNDS = 40
"""How many steps the search takes for the rhythm at which a flush takes as long as it does; each
step halves the remaining error."""

HOP_S = 0.002
"""The seconds from the writer's commit through Redis to a worker at the same site."""


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


MOST_PAUSE_S = WriterSettings.commit_interval_ms / 1000
"""The longest pause of a writer between two rounds, in seconds."""


def announcements(revisions: float, free: float = FREE_COMMITS) -> float:
    """Returns the commits per second of a pad whose revisions come at random times. A writer with
    more than `free` of them per second pauses between two rounds, and the revisions that come
    meanwhile make one commit. If there are none, the next revision is committed at once."""
    interval = pause(revisions, free, MOST_PAUSE_S)
    if not revisions:
        return 0.0
    return 1 / (interval + math.exp(-revisions * interval) / revisions)


def rounds_and_calls(revisions: float, partitions: float, made: float) -> tuple[float, float]:
    """Returns the rounds per second of a writer, and its calls of the commit script: one for each
    partition with something in the round.

    Arguments:
        partitions: how many share these revisions.
        made: the commits of all pads, as `announcements` tells for each. Every round and every call
            has at least one, so a crowd on one pad causes no more of them.
    """
    rounds = min(announcements(revisions, FREE_ROUNDS), made)
    calls = min(announcements(revisions / partitions), rounds) * partitions
    return rounds, min(calls, made)


def rhythm(
    room: BusyRoom,
    constants: Constants,
    revision_bytes: float,
    *,
    busy: float = 1.0,
    compression: bool = False,
) -> Rhythm:
    """Returns the rhythm of a pad on a worker where `busy` pads flush at the moment, this one
    included: they share the time for fan-out, so the more there are, the longer each one pauses."""
    announced = announcements(room.revisions)
    if not announced:
        return Rhythm(0, 0, 0, 0, 0, 0)
    share = FanoutSettings.flush_share
    ceiling, held_to = FanoutSettings.flush_pause_max_ms / 1000, float(FanoutSettings.flush_rate)
    flushes = min(announced, held_to)
    cost = waits = 0.0
    for _ in range(ROUNDS):
        cost = flush_seconds(room, flushes, constants, revision_bytes, compression=compression)
        waits = min(pause_after(cost, busy, share), ceiling)
        fastest = steady_rate(held_to, cost)
        flushes = (flushes + min(announced, fastest, 1 / (cost + waits))) / 2
    # A revision that finds the pad quiet is sent at once. Otherwise it waits for the next flush,
    # which may have just begun without it, and then for its socket's turn within that flush.
    period = 1 / flushes
    held = 0.95 * period if room.revisions > flushes * 1.05 else 0.0
    return Rhythm(
        announced,
        flushes,
        max(1.0, room.revisions / flushes),
        cost,
        max(waits, period - cost),
        HOP_S + held + cost,
    )


def flush_seconds(
    room: BusyRoom,
    flushes: float,
    constants: Constants,
    revision_bytes: float,
    *,
    compression: bool = False,
) -> float:
    """Returns the CPU seconds of one flush at this rhythm. Authors with an edit in it are served
    one by one."""
    batch = max(1.0, room.revisions / flushes)
    size, own = batch * revision_bytes, room.own / flushes
    sent = on_the_wire(room.sockets, size, constants) if compression else size
    write = constants.worker_write_s + sent * constants.worker_byte_s
    deflating = deflating_seconds(room.sockets, own, size, batch, constants) if compression else 0.0
    return (
        constants.worker_turn_s / 2
        + room.sockets * write
        + own * constants.worker_own_s
        + deflating
    )
