"""Works out what a fleet does in a second, and what that costs each process. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from padfleet.services.tools.plan.compression import deflating_seconds, on_the_wire
from padfleet.services.tools.plan.constants import Constants
from padfleet.services.tools.plan.demand import Demand, Goal
from padfleet.services.tools.plan.layout import Pads, workers_of
from padfleet.services.tools.plan.rhythm import (
    BusyRoom,
    announcements,
    rhythm,
    rounds_and_calls,
)
from padfleet.shared.flushes import BUSY_FOR
from padfleet.shared.settings import FanoutSettings, WriterSettings

PING_S = FanoutSettings.ping_interval_ms / 1000
PROBE_S = 5.0
"""How many seconds pass between two questions to a socket what has arrived, while it is sent
revisions (`ASK_AGE` of the worker)."""

ROUNDS_MOST = 1000 / WriterSettings.commit_interval_ms
"""The most rounds that a writer can make in a second."""


@dataclass(frozen=True, slots=True)
class PlannedWork:
    """The work of all workers together in a second."""

    cores: float
    rooms: float  #: pads × workers that have somebody on them
    deliveries: float  #: revisions × sockets
    writes: float
    bytes_out: float  #: to the clients, headers included
    bytes_in: float
    heard: float  #: commits × workers that are told
    busy_rooms: float  #: that have flushed within the last moment


def workers_work(
    pads: Iterable[Pads], demand: Demand, goal: Goal, constants: Constants, workers: int
) -> PlannedWork:
    """Returns what they do if the people are spread over so many workers."""
    c, size = constants, demand.revision_bytes or constants.wire_revision_bytes
    cores = c.worker_idle_cores * workers
    rooms = deliveries = writes = payload = heard = asked = busy = 0.0
    for group in pads:
        spread = workers_of(group, demand.sockets, workers, gathered=goal.gathered)
        revisions = group.editors * demand.rate
        room = BusyRoom(group.sockets / spread, revisions / spread, revisions)
        beat = rhythm(room, c, size, compression=demand.compression)
        count = group.count * spread
        # Half a turn is hearing of a commit, half is the flush, which several may share.
        cores += count * (beat.announced + beat.flushes) / 2 * c.worker_turn_s
        cores += count * beat.flushes * room.sockets * c.worker_write_s
        sent = on_the_wire(room.sockets, size, c) if demand.compression else size
        cores += count * revisions * room.sockets * sent * c.worker_byte_s
        if demand.compression and beat.flushes:
            own = room.own / beat.flushes
            deflating = deflating_seconds(room.sockets, own, beat.batch * size, beat.batch, c)
            cores += count * beat.flushes * deflating
        cores += count * room.own * (c.worker_submission_s + c.worker_own_s)
        rooms += count
        deliveries += count * revisions * room.sockets
        writes += count * beat.flushes * room.sockets
        payload += count * revisions * room.sockets * sent
        heard += count * beat.announced
        busy += count * -math.expm1(-beat.flushes * BUSY_FOR)
        asked += group.count * group.sockets * min(1 / PROBE_S, beat.flushes)
    sockets, polling = demand.sockets, demand.sockets * demand.polling
    pings = sockets / PING_S + asked
    # Each message for a client that polls is the answer to a request of its own.
    polls = demand.polling * writes + polling / PING_S
    cores += pings * c.worker_ping_s + polls * c.worker_poll_s
    submissions = demand.revisions_per_second
    packets_out = writes + pings + submissions
    packets_in = submissions + pings + writes / 2  # every other packet is acknowledged by itself
    return PlannedWork(
        cores,
        rooms,
        deliveries,
        writes,
        payload + packets_out * c.wire_packet_bytes,
        submissions * c.wire_submission_bytes + packets_in * c.wire_packet_bytes,
        heard,
        busy,
    )


@dataclass(frozen=True, slots=True)
class CommitCost:
    """The costs of commits in a second, for all writers and Redis."""

    writer_cores: float
    redis_cores: float
    revisions: float
    calls: float  #: of the commit script
    busiest_cores: float  #: of the writer, for the partition of the busiest pad
    most_revisions: float  #: that one pad can have if its partition gets the writer's whole core


def commits(
    pads: Iterable[Pads], demand: Demand, constants: Constants, partitions: int, heard: float
) -> CommitCost:
    """Returns what the commits of a second cost; `heard` is how often workers are told of a
    commit."""
    c, revisions, made, busiest = constants, 0.0, 0.0, 0.0
    stale = 0.0
    for group in pads:
        rate = group.editors * demand.rate
        revisions += group.count * rate
        made += group.count * announcements(rate)  # commits of a pad, some in the same call
        busiest = max(busiest, rate)
        # Beyond one revision in a round, edits meet others that they did not know of.
        stale += group.count * max(0.0, rate - announcements(rate))
    rounds, calls = rounds_and_calls(revisions, partitions, made)
    cores = (revisions - stale) * c.writer_commit_s + stale * c.writer_stale_s
    cores += made * c.writer_pad_s + calls * c.writer_call_s + rounds * c.writer_round_s
    redis = revisions * c.redis_commit_s + calls * c.redis_call_s + rounds * c.redis_round_s
    redis += heard * c.redis_publish_s
    fixed = ROUNDS_MOST * (c.writer_round_s + c.writer_call_s + c.writer_pad_s)
    own = busiest * c.writer_stale_s + announcements(busiest) * (
        c.writer_round_s + c.writer_call_s + c.writer_pad_s
    )
    most = max(0.0, (1 - fixed) / c.writer_stale_s) if c.writer_stale_s else float("inf")
    return CommitCost(cores, redis, revisions, calls, own, most)
