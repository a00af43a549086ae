"""Works out what compression saves on the wire, and what it costs a worker. Pure.

Messages that many sockets of a pad are sent in the same form are deflated once for all of them
(docs/decisions). Messages that authors are sent separately are deflated up to a bound.
"""

from __future__ import annotations

from padfleet.services.tools.plan.constants import Constants

WORTH = 8
"""The number of sockets of a pad on one worker from which it is worthwhile, as in
`fanout.delivery.shared_context`."""

GROUPS = 2
"""How often a flush deflates the same revisions: once for the sockets in step, and once for those
that have missed a flush."""

OWN_SHARE, OWN_MOST = 300, 32 * 1024
"""How many bytes a flush deflates for single sockets: the share of each socket that it serves, and
the most in all."""


def on_the_wire(sockets: float, size: float, constants: Constants) -> float:
    """Returns the bytes of a revision of length `size`, on a pad with so many sockets on a
    worker."""
    return size * constants.wire_deflated_share if sockets >= WORTH else size


PIECE = 8
"""How many revisions an author is sent at least in part by themselves, around their own, as in
`fanout.delivery.stretches`. Longer messages are divided into pieces of this length for authors,
which are deflated like messages for all."""


def alone_of(size: float, batch: float) -> float:
    """Returns how many bytes of a message that has `size` bytes and `batch` revisions an author of
    one of these is sent by themselves."""
    return size * min(1.0, PIECE / batch)


def deflating_seconds(
    sockets: float, own: float, size: float, batch: float, constants: Constants
) -> float:
    """Returns the CPU seconds that one flush spends on deflating.

    Arguments:
        sockets: the sockets of the pad on this worker.
        own: how many edits of authors on this worker are in the flush.
        size: the bytes for each socket before they are deflated.
        batch: how many revisions these are.
    """
    if sockets < WORTH or not size:
        return 0.0
    c = constants
    each = alone_of(size, batch)
    alone = min(own * each, sockets * OWN_SHARE, float(OWN_MOST))
    pieces = batch / PIECE if own and batch > PIECE else 0.0
    messages = GROUPS + pieces + 2 * alone / each
    shared = (GROUPS + (1 if pieces else 0)) * size
    return messages * c.worker_deflate_s + (shared + alone) * c.worker_deflate_byte_s
