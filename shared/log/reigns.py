"""Which part of a pad's history has outlived the servers that held it: pure.

Replication is asynchronous. When a replica takes over, or a server returns from its files, the last
revisions that clients were shown may be gone, and others take their numbers. A rev alone cannot
tell the two apart. So each pad keeps on record under which reigns (`reign.lua`) it has been written
or joined, and the head that it had when each began; what lies below is common to both. And of each
author it is on record under which reign he was last here.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Reign(NamedTuple):
    name: str
    floor: int  #: the pad's head when the reign began


def parse(record: str) -> list[Reign]:
    """What the meta hash says, oldest first."""
    entries = [entry.rpartition(":") for entry in record.split()]
    return [Reign(name, int(floor)) for name, _, floor in entries]


def entered(reigns: Sequence[Reign], name: str, head: int) -> list[Reign]:
    """With the present reign, which found the pad at `head` unless it is on record already."""
    if reigns and reigns[-1].name == name:
        return list(reigns)
    return [*reigns, Reign(name, head)]


def server_of(reign: str) -> str:
    """The server whose reign this is, by its process and its replication id. It may have several
    in turn over one partition, and over different partitions at the same time."""
    return reign.partition(".")[0]


def shared_up_to(reigns: Sequence[Reign], seen: str) -> int | None:
    """The last rev that is the same now as under the reign `seen`; None: whatever there is.

    -1 when that reign is not on record: it was forgotten with what was lost, or is too long ago.
    Records of earlier releases may have one name for several stays (`reign.lua`): then it is what
    is certain whichever of them is meant.
    """
    for place, reign in enumerate(reigns):
        if reign.name == seen:
            return min((later.floor for later in reigns[place + 1 :]), default=None)
    return -1
