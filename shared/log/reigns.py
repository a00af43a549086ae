"""Which part of a pad's history has survived the servers that held it: pure.

Replication is asynchronous. When a replica takes over, or a server restarts from its files, the
last revisions that clients were shown may be gone, and others get their numbers. A rev alone cannot
tell the two apart. So each pad records under which reigns (`reign.lua`) it has been written or
joined, and the head that it had when each began; what is below is common to both. For each author,
it is recorded under which reign they were last here.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Reign(NamedTuple):
    name: str
    floor: int  #: the pad's head when the reign began


def parse(record: str) -> list[Reign]:
    """Decodes the meta hash's field, oldest first."""
    entries = [entry.rpartition(":") for entry in record.split()]
    return [Reign(name, int(floor)) for name, _, floor in entries]


def entered(reigns: Sequence[Reign], name: str, head: int) -> list[Reign]:
    """Adds the present reign, which found the pad at `head` unless it is recorded already."""
    if reigns and reigns[-1].name == name:
        return list(reigns)
    return [*reigns, Reign(name, head)]


def server_of(reign: str) -> str:
    """The server of this reign, by its process and replication id. It may have several reigns in
    turn over one partition, and over different partitions at the same time."""
    return reign.partition(".")[0]


def shared_up_to(reigns: Sequence[Reign], seen: str) -> int | None:
    """Returns the last rev that is the same now as under the reign `seen`; None: all of them.

    Returns -1 if that reign is not recorded: it was forgotten with what was lost, or is too long
    ago. Records of earlier releases may have one name for several stays (`reign.lua`): then the
    result is what is certain, whichever of them is meant.
    """
    for place, reign in enumerate(reigns):
        if reign.name == seen:
            return min((later.floor for later in reigns[place + 1 :]), default=None)
    return -1
