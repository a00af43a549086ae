"""Says how large a run is."""

from __future__ import annotations

from dataclasses import dataclass

from tests.world import servers


@dataclass(frozen=True)
class Size:
    """The size of a run."""

    seconds: float = 40.0
    """The simulated time in which people type and things break; with the quiet time, it takes a
    minute."""
    clients: int = 12
    pads: int = 3
    workers: int = 2
    writers: int = 2
    rate: float = 0.5  #: edits a second of each client
    pages: int = 2  #: how many of the clients behave like Etherpad's page
    scribes: int = 1  #: how many on each pad use `padfleet.connect`
    guests: bool = True  #: a reader, a timeslider, and callers of the API
    people: tuple[str, ...] = ()  #: further kinds of people, of tests/world/further.py
    servers: servers.Kind | None = None  #: their topology; None: the seed decides
    nodes: bool | None = None
    """Whether some programs are a worker and a writer at once; None: the seed decides."""
    cold: bool | None = None  #: whether there is a cold store; None: the seed decides
    snapshots: int | None = None  #: revisions between two snapshots; None: writers' default
    kinds: tuple[str, ...] = ()  #: the kinds of faults to choose from; empty: all
    hasty: bool = False  #: it ends with the first finding while it runs
    brief: bool = False
    """No fault lasts for long, and the quiet time ends as soon as everything has recovered."""
