"""Which trace a submission is, and whether it is one of those that are looked at. Pure.

W3C Trace Context would have the trace's ID and the parent's travel with the submission: a field
more in each inbox entry and each revision, kept for ever, for the sake of one in a thousand. But a
submission has a name already that every process on its way knows, so they make the IDs of it.
"""

from hashlib import blake2b
from typing import Final, NamedTuple

from padfleet.shared.log.records import Origin

_RANDOM_BITS: Final = 56
"""How many bits at the end of a trace's ID samplers may take for random (W3C Trace Context Level 2,
"Random Trace ID Flag")."""


class TraceIdentity(NamedTuple):
    trace: int  #: 128 bits, not 0
    root: int  #: of the span that is the whole submission; 64 bits, not 0

    def is_within(self, share: float) -> bool:
        """Whether it belongs to this share of all traces. What belongs to a share belongs to each
        larger one too: processes that trace different shares agree on the smaller."""
        return self.trace % (1 << _RANDOM_BITS) < share * (1 << _RANDOM_BITS)


def identify(origin: Origin) -> TraceIdentity:
    """The IDs tell nothing of a session's name, since they leave the fleet."""
    name = f"{origin.session} {origin.seq}".encode("utf-8", "surrogatepass")
    digest = blake2b(name, digest_size=24, person=b"padfleet trace").digest()
    return TraceIdentity(
        int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:], "big") or 1
    )
