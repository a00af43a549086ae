"""This module defines what one look at a fleet's Redis finds, as plain values."""

from dataclasses import dataclass
from typing import NamedTuple

from padfleet.shared.fleet.record import Kind, ProcessRecord


class Seen(NamedTuple):
    """A process that the others know of."""

    kind: Kind
    id: str
    silence_ms: int  #: since its last beat, by Redis's clock
    record: ProcessRecord | None  #: None if it reports nothing, or nothing that we understand


class InboxStatus(NamedTuple):
    """The state of one partition's inbox."""

    partition: int
    owner: str  #: the writer that had it last; empty if none ever had it
    left_ms: int | None
    """How long the partition remains that writer's, in ms. A negative value says for how long it
    has not been; None means that it was given back."""
    waiting_ms: int | None  #: the wait of the oldest unsettled submission; None if there is none
    entries: int  #: that wait, including up to a hundred settled ones
    parked: int = 0  #: entries that its writers could not read, and skipped; the last hundred


class UnreadInbox(NamedTuple):
    """A partition whose server did not answer."""

    partition: int
    why: str


@dataclass(frozen=True, kw_only=True)
class FleetSnapshot:
    at: float  #: Unix seconds, by the observer's clock
    processes: tuple[Seen, ...]
    partitions: tuple[InboxStatus, ...]
    unread: tuple[UnreadInbox, ...] = ()
    unwritable: tuple[str, ...] = ()  #: Redis servers that cannot write to their disk
