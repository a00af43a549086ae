"""This module works out which part of a pad's history has survived the servers that held it. It is
pure.

Replication is asynchronous. When a replica takes over, or a server restarts from its files, the
last revisions that clients were shown may be gone, and other revisions get their numbers. A
revision's number alone cannot tell the two apart. So each pad records under which reigns
(`reign.lua`) it has been written or joined, and the head that it had when each of them began. What
lies below this head is common to both histories. For each author, the pad records under which reign
they were last here.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Reign(NamedTuple):
    name: str
    floor: int  #: the pad's head when the reign began


def parse(record: str) -> list[Reign]:
    """Decodes the field of the meta hash, oldest reign first."""
    entries = [entry.rpartition(":") for entry in record.split()]
    return [Reign(name, int(floor)) for name, _, floor in entries]


def entered(reigns: Sequence[Reign], name: str, head: int) -> list[Reign]:
    """Returns the reigns with the present one, which found the pad at `head` unless it is recorded
    already."""
    if reigns and reigns[-1].name == name:
        return list(reigns)
    return [*reigns, Reign(name, head)]


def server_of(reign: str) -> str:
    """Returns the server of this reign, named by its process and replication id. A server may have
    several reigns in turn over one partition, and reigns over different partitions at the same
    time."""
    return reign.partition(".")[0]


def shared_up_to(reigns: Sequence[Reign], seen: str) -> int | None:
    """Returns the last revision that is the same now as under the reign `seen`, or None if all of
    them are.

    Returns -1 if that reign is not recorded: its record was lost along with other data, or is too
    old. In records of earlier releases, one name may stand for several stays (`reign.lua`). Then
    the result is what is certain, whichever of them is meant.
    """
    if len(reigns) == 1 and reigns[0].name == seen:
        return None  # as nearly always
    for place, reign in enumerate(reigns):
        if reign.name == seen:
            return min((later.floor for later in reigns[place + 1 :]), default=None)
    return -1
