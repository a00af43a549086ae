"""This module derives a submission's trace from its origin, and decides whether it is one of those
that are traced. It is pure.

With W3C Trace Context, the IDs of the trace and of the parent span would travel with the
submission. Each inbox entry and each revision would have one more field, stored forever, for the
sake of one submission in a thousand. But a submission already has a name that every process on its
way knows, so each process derives the IDs from that.
"""

from hashlib import blake2b
from typing import Final, NamedTuple

SubmissionName = tuple[str, int]
"""A submission's origin: its session, and its number in it."""

_RANDOM_BITS: Final = 56
"""How many bits at the end of a trace ID samplers may treat as random (W3C Trace Context Level 2,
"Random Trace ID Flag")."""


class TraceIdentity(NamedTuple):
    trace: int  #: 128 bits, not 0
    root: int  #: the ID of the span of the whole submission; 64 bits, not 0

    def is_within(self, share: float) -> bool:
        """Returns whether the trace belongs to this share of all traces. A trace that belongs to a
        share belongs to every larger share as well, so processes that trace different shares agree
        on the smaller one."""
        return self.trace % (1 << _RANDOM_BITS) < share * (1 << _RANDOM_BITS)


def identify(origin: SubmissionName) -> TraceIdentity:
    """Returns the IDs for a submission. A session's name cannot be learned from them, which matters
    because they leave the fleet."""
    session, seq = origin
    name = f"{session} {seq}".encode("utf-8", "surrogatepass")
    digest = blake2b(name, digest_size=24, person=b"padfleet trace").digest()
    return TraceIdentity(
        int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:], "big") or 1
    )
