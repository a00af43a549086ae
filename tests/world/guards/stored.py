"""Checks what stands beside a pad's revisions: its snapshot, and the reigns that it was written
under (I2, I5).

A wrong snapshot or a wrong record of reigns harms nobody until a writer reads the one, or somebody
comes back after a fail-over. Both happen seldom, so both records are checked when they are stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final

from padfleet.shared.log.entries import Entry, Submission
from padfleet.shared.log.records import Revision, Snapshot
from tests.world.redis.server import Server
from tests.world.redis.store import Hash

Found = Callable[[str], None]

_NO_OPS: Final = re.compile(rb'"changeset":"Z:\w+>0\$"')


def changes_nothing(revision: Revision) -> bool:
    """Returns whether it is not the first one, and its changeset has no operations: what a client
    sends again after a lost answer comes to that, and becomes no revision."""
    return revision.rev > 0 and _NO_OPS.search(revision.wire) is not None


def look_at_snapshot(
    found: Found,
    pad: str,
    data: bytes,
    committed: Collection[tuple[int, bytes]],
    places: Mapping[str, int],
) -> None:
    """Checks that a writer's snapshot is one of the pad as it has been, and says up to which
    submission of each session it goes: a writer that begins there has to recognise repetitions.

    Arguments:
        committed: all revisions that there have been, with their chains.
        places: the last submission of each session that has become a revision since the snapshot
            before.
    """
    snapshot = Snapshot.from_bytes(data)
    if (snapshot.rev, snapshot.chain) not in committed:
        found(f"I1 {pad}: the snapshot of revision {snapshot.rev} has another chain than that")
    for session, seq in places.items():
        known, _ = snapshot.sessions.get(session, (0, 0))
        if known < seq:
            found(
                f"I2 {pad}: the snapshot of revision {snapshot.rev} knows {session} up to {known}, "
                f"and its submission {seq} is a revision"
            )


def look_at_reigns(found: Found, pad: str, before: bytes, after: bytes, head: int) -> None:
    """Checks that a reign that has begun is recorded with the head that the pad had then."""
    if after == before or not after:
        return
    name, _, floor = after.split()[-1].rpartition(b":")
    if not before.endswith(after.split()[-1]) and int(floor) != head:
        found(f"I5 {pad}: the reign {name.decode()} has begun at {head}, and {int(floor)} is noted")


def look_at_lease(found: Found, name: str, who: str, state: Hash, server: Server) -> None:
    """Checks that whoever keeps a lease keeps it under a reign of the server that it is on:
    otherwise history may have been lost since, and nobody has looked."""
    reign = state.get(b"reign", b"").decode()
    here = server.run_id[:12] + server.replid[:12]
    if reign and reign.split(".", 1)[0] != here:
        found(f"I5 {name}: {who} keeps the lease under the reign {reign}, on the server {here}")


def look_at_base(found: Found, pad: str, entry: Entry, reigns: bytes) -> None:
    """Checks that a submission that has become a revision was not made on a revision that was
    lost."""
    if not isinstance(entry, Submission) or not entry.reign:
        return
    known = [part.rpartition(b":") for part in reigns.split()]
    names = [name.decode() for name, _, _ in known]
    if entry.reign not in names:
        return
    floors = [int(floor) for _, _, floor in known[names.index(entry.reign) + 1 :]]
    if floors and entry.base_rev > min(floors):
        found(
            f"I5 {pad}: submission {entry.origin.seq} of {entry.origin.session} was made on "
            f"revision {entry.base_rev} under {entry.reign}, which is shared up to {min(floors)}"
        )
