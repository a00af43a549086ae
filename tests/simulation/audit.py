"""Looks into the messages of a simulation: each revision has to be the next one of its socket."""

from __future__ import annotations

import re
from collections.abc import Sequence

from padfleet.services.fanout.delivery.stretches import STRETCH
from padfleet.services.fanout.pads.steps import AcceptCommit, NewChangesBatch, Step

_REV = re.compile(rb'"newRev":(\d+)')


def check(data: bytes, last: int, step: Step | None = None) -> int:
    """Returns the newest revision in these bytes. Raises AssertionError unless each is the next
    one, once."""
    if isinstance(step, NewChangesBatch):
        assert len(step.revisions) < 2 * STRETCH
    if step is not None and not isinstance(step, AcceptCommit | NewChangesBatch):
        # CLIENT_RECONNECT names the head as well.
        assert step.sent_rev == last + 1
        return step.sent_rev
    for found in _REV.finditer(data):
        rev = int(found[1])
        assert rev == last + 1, f"revision {rev} came after {last}"
        last = rev
    return last


def grouped(times: Sequence[float]) -> list[tuple[float, int]]:
    """Revisions of one commit have the same time."""
    found: list[tuple[float, int]] = []
    for time in times:
        if found and found[-1][0] == time:
            found[-1] = (time, found[-1][1] + 1)
        else:
            found.append((time, 1))
    return found
