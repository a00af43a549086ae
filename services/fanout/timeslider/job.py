"""This module defines a job for the helper process and its answer, and does the work itself.

A job contains everything that it takes: the helper remembers nothing, so losing it costs nothing.
"""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from padfleet.services.fanout.timeslider.granules import (
    Granules,
    Keyframe,
    OutOfOrder,
    Player,
    in_granules,
)
from padfleet.shared.easysync import EasysyncError
from padfleet.shared.log.pad.chunks import CHUNK_REVISIONS, decode_chunk
from padfleet.shared.log.records import Revision, pack, unpack
from padfleet.shared.wire.jsontext import dumps

KEYFRAME_EVERY = 1000
"""How many revisions lie between two keyframes that are kept along the way."""

KEYFRAME_BYTES = 4 << 20
"""How many bytes the keyframes of one answer may take together, not counting the last one."""

StoredPart = tuple[int, bytes | None, list[bytes]]
"""A part of a history in its stored form, as `shared.log.pad.history.HistoryPart` defines it."""


class HistoryJob(NamedTuple):
    """The job to play a history from a keyframe until just before `start`, and then to record
    granules."""

    begin: Keyframe
    parts: list[StoredPart]  #: every revision after the keyframe, up to `last`
    last: int
    start: int
    granularity: int
    granules: int  #: how many are wanted; with 0, it only plays up to `last`
    end: int  #: Etherpad's actualEndNum, if all granules are made
    seconds: float  #: after which no further granule is started

    def encode(self) -> bytes:
        return pack(self)

    @classmethod
    def decode(cls, data: bytes) -> "HistoryJob":
        begin, *rest = unpack(data)
        return cls(_keyframe(begin), *rest)


class HistoryAnswer(NamedTuple):
    fault: str  #: why there is no result; empty if there is one
    data: bytes  #: JSON members of the reply, without the braces; empty where none were wanted
    keyframes: list[Keyframe]

    def encode(self) -> bytes:
        return pack(self)

    @classmethod
    def decode(cls, data: bytes) -> "HistoryAnswer":
        fault, reply, keyframes = unpack(data)
        return cls(fault, reply, [_keyframe(fields) for fields in keyframes])


def _keyframe(fields: Any) -> Keyframe:
    rev, played, text, attribs, pool = fields
    return Keyframe(rev, played, text, attribs, [(key, value) for key, value in pool])


def done(data: bytes) -> bytes:
    """Does an encoded job in the helper process, and returns the encoded answer."""
    return work(HistoryJob.decode(data)).encode()


def work(job: HistoryJob) -> HistoryAnswer:
    """Does a job. It does not raise if something is wrong with the history, since the answer says
    that."""
    try:
        return _work(job)
    except (EasysyncError, OutOfOrder, ValueError, KeyError) as error:
        return HistoryAnswer(f"the history cannot be played: {error}", b"", [])


def _work(job: HistoryJob) -> HistoryAnswer:
    until = time.monotonic() + job.seconds
    player = Player(job.begin)
    keyframes: list[Keyframe] = []
    kept = 0

    def keep() -> None:
        nonlocal kept
        if (player.rev + 1) % KEYFRAME_EVERY == 0 and kept < KEYFRAME_BYTES:
            keyframes.append(player.keyframe())
            kept += keyframes[-1].size

    revisions = _revisions(job)
    before = job.start - 1 if job.granules else job.last
    while player.rev < before:
        player.play(_next(revisions, player.rev))
        keep()
    if not job.granules:
        if not keyframes or keyframes[-1].rev != player.rev:
            keyframes.append(player.keyframe())
        return HistoryAnswer("", b"", keyframes)
    granules = Granules(player, job.start, job.granularity)
    for part in in_granules(revisions, job.granularity):
        granules.add(part)
        keep()
        if len(granules) == job.granules or time.monotonic() > until:
            break
    whole = len(granules) == job.granules
    end = job.end if whole else job.start + len(granules) * job.granularity
    return HistoryAnswer("", dumps(granules.data(end))[1:-1].encode(), keyframes)


def _revisions(job: HistoryJob) -> Iterator[Revision]:
    """Yields the revisions after the keyframe, each of them once, and decodes them when it is their
    turn."""
    expected = job.begin.rev + 1
    for first, chunk, records in job.parts:
        if chunk is not None:
            found = decode_chunk(first // CHUNK_REVISIONS, chunk)
        else:
            found = [Revision.from_record(first + i, record) for i, record in enumerate(records)]
        for revision in found:
            if expected <= revision.rev <= job.last:
                expected = revision.rev + 1
                yield revision


def _next(revisions: Iterator[Revision], rev: int) -> Revision:
    found = next(revisions, None)
    if found is None:
        raise OutOfOrder(f"there is nothing behind revision {rev}")
    return found
