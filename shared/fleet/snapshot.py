"""What one look at a fleet's Redis finds: plain values."""

from dataclasses import dataclass
from typing import NamedTuple

from padfleet.shared.fleet.record import Kind, Record


class Seen(NamedTuple):
    """A process that the others know of."""

    kind: Kind
    id: str
    silence_ms: int  #: since its last beat, by Redis' clock
    record: Record | None  #: None: it tells nothing, or nothing that we understand


class InboxStatus(NamedTuple):
    """How the inbox of one partition stands."""

    partition: int
    owner: str  #: the writer that had it last; empty: none ever had
    left_ms: int | None
    """For how long it stays that writer's; negative: since when it does not. None: given back."""
    waiting_ms: int | None  #: since when the oldest unsettled submission waits; None: there is none
    entries: int  #: that wait, up to a hundred settled ones among them
    parked: int = 0  #: entries that its writers could not read, and passed; the last hundred


class UnreadInbox(NamedTuple):
    """A partition whose server did not answer."""

    partition: int
    why: str


@dataclass(frozen=True, kw_only=True)
class FleetSnapshot:
    at: float  #: Unix seconds, of who looks
    processes: tuple[Seen, ...]
    partitions: tuple[InboxStatus, ...]
    unread: tuple[UnreadInbox, ...] = ()
    unwritable: tuple[str, ...] = ()  #: servers of Redis that cannot write to their disk
