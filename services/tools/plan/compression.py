"""Works out what compression saves on the wire, and what it costs a worker. Pure.

What many sockets of a pad are sent in the same form is deflated once for all of them
(docs/decisions). What an author is sent separately is deflated up to a bound.
"""

from __future__ import annotations

from padfleet.services.tools.plan.constants import Constants

WORTH = 8
"""The number of sockets of a pad on one worker from which it is worthwhile, as in
`fanout.delivery.shared_context`."""

GROUPS = 2
"""Times that a flush deflates the same: for those in step, and for those who have missed one."""

OWN_SHARE, OWN_MOST = 300, 32 * 1024
"""Bytes that a flush deflates for single sockets: for each that it serves, and at most."""


def on_the_wire(sockets: float, size: float, constants: Constants) -> float:
    """Returns the bytes of a revision of length `size`, on a pad with so many sockets on a
    worker."""
    return size * constants.wire_deflated_share if sockets >= WORTH else size


def deflating_seconds(sockets: float, own: float, size: float, constants: Constants) -> float:
    """CPU time of one flush that carries `size` bytes to each, undeflated, `own` edits of authors
    here among them."""
    if sockets < WORTH or not size:
        return 0.0
    c = constants
    alone = min(own * size, sockets * OWN_SHARE, float(OWN_MOST))
    messages = GROUPS + 2 * alone / size
    return messages * c.worker_deflate_s + (GROUPS * size + alone) * c.worker_deflate_byte_s
