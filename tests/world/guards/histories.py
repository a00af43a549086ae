"""Compares the history of each pad with what it was before (I1, I2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from padfleet.shared.log.entries import Entry
from padfleet.shared.log.records import Origin, Revision
from tests.world.guards.answers import Answers
from tests.world.guards.keys import META, PAD, REVS, pad_of, state_of
from tests.world.guards.stored import (
    changes_nothing,
    look_at_base,
    look_at_reigns,
    look_at_snapshot,
)
from tests.world.redis.call import Call
from tests.world.redis.server import Server
from tests.world.redis.store import Stream, id_of

UNKNOWN: Final = b"?"
"""The chain before the first revision of a stream that does not begin with revision 0."""


@dataclass
class _Pad:
    """What is known of one pad's stream."""

    last: int = -1
    chain: bytes = b""  #: that of the last revision
    epoch: int = 0
    reigns: bytes = b""
    revs: dict[Origin, int] = field(default_factory=dict)
    """Which revision a submission has become, for all that the pad has had since it was created."""
    places: dict[str, int] = field(default_factory=dict)
    """The last submission of each session that has become a revision here since the last snapshot,
    before our eyes."""


class Histories:
    """The histories of all pads, each by what the pad's keys begin with."""

    def __init__(self, found: Callable[[str], None], answers: Answers) -> None:
        self._found = found
        self._answers = answers
        self._servers: list[Server] = []
        self._pads: dict[bytes, _Pad] = {}
        self.ever: defaultdict[bytes, set[tuple[int, bytes]]] = defaultdict(set)
        """All revisions that were ever committed, with their chains, by pad."""
        self.epochs: defaultdict[tuple[bytes, int, bytes], set[int]] = defaultdict(set)
        """The epochs under which a pad has had a revision with this chain."""
        self.damaged: set[bytes] = set()
        """The pads whose keys somebody has damaged by hand. They are not looked at any more."""

    def begin_anew(self, servers: list[Server]) -> None:
        """Takes what the servers hold as it is. One of them has been started, wiped or promoted,
        and may have lost what another had."""
        self._servers = servers
        self._pads.clear()
        for server in servers:
            for key in server.store.values:
                base = key.removesuffix(REVS)
                if base != key and PAD in key and base not in self.damaged:
                    self.look_at(server, base, "", {}, anew=True)

    def overhear(self, call: Call) -> None:
        """Notes what a server commits whose place another has taken, without having been told: it
        is lost, but anyone who hears of it has not made it up."""
        for effect in call.effects:
            if effect[0] == b"XADD" and effect[1].endswith(REVS) and PAD in effect[1]:
                rev = id_of(effect[-3])[0]
                chain = Revision.from_record(rev, effect[-1]).chain
                self.ever[effect[1].removesuffix(REVS)].add((rev, chain))

    def revision_of(self, base: bytes, origin: Origin) -> int | None:
        """Returns which revision of the pad a submission has become, or None."""
        known = self._pads.get(base)
        return None if known is None else known.revs.get(origin)

    def look_at_snapshot(self, base: bytes, data: bytes) -> None:
        """Checks a snapshot that was stored."""
        known = self._pads.get(base)
        if known is not None and base not in self.damaged:
            look_at_snapshot(self._found, pad_of(base), data, self.ever[base], known.places)
            known.places.clear()

    def look_at(
        self,
        server: Server,
        base: bytes,
        who: str,
        waiting: Mapping[Origin, Entry],
        *,
        anew: bool,
    ) -> list[Revision]:
        """Checks a pad, and returns the revisions that are new.

        Arguments:
            who: the host that has touched it; empty for a first look.
            waiting: the entries that its inbox had before.
            anew: whether another history may have been put there.
        """
        stream = server.store.values.get(base + REVS)
        meta = server.store.values.get(base + META)
        known = self._pads.get(base)
        if not isinstance(stream, Stream) or not stream.ids:
            self._is_gone(server, base, known, anew=anew)
            return []
        whole = known is None or anew
        if known is None or anew:
            known = self._pads[base] = self._another(stream, known)
        head = known.last
        new = self._new_revisions(stream, base, known, who, whole=whole)
        if new and not whole and who:
            self._may_commit(server, base, who)
        if isinstance(meta, dict):
            reigns = meta.get(b"reigns", b"")
            if not whole:
                look_at_reigns(self._found, pad_of(base), known.reigns, reigns, head)
                for revision in new:
                    entry = self._entry_of(revision, waiting)
                    if entry is not None:
                        look_at_base(self._found, pad_of(base), entry, reigns)
            known.reigns = reigns
        if who or isinstance(meta, dict):  # a first look may find half of what there was
            self._hold_against_meta(meta, base, known)
            for revision in new:
                self.epochs[base, revision.rev, revision.chain].add(known.epoch)
        return new

    def _entry_of(self, revision: Revision, waiting: Mapping[Origin, Entry]) -> Entry | None:
        """Returns the entry that has become a revision, if it was in the inbox or handed over."""
        if revision.origin is None:
            return None
        _, handed = self._answers.handed.get(revision.origin, ("", None))
        return waiting.get(revision.origin, handed)

    def _is_gone(self, server: Server, base: bytes, known: _Pad | None, *, anew: bool) -> None:
        others = (other for other in self._servers if other is not server)
        if any(base + REVS in other.store.values for other in others):
            return  # its slot is half moved, and they are on the other server
        if known is not None and known.last >= 0 and not anew:
            self._found(f"I1 {pad_of(base)}: its revisions are gone, and nobody deleted it")
        self._pads.pop(base, None)

    @staticmethod
    def _another(stream: Stream, before: _Pad | None) -> _Pad:
        """Returns the book of a history of which nothing is known yet."""
        first = stream.ids[0][0]
        known = _Pad(first - 1, b"" if first == 0 else UNKNOWN)
        if before is not None:
            known.epoch = before.epoch
        return known

    def _new_revisions(
        self, stream: Stream, base: bytes, known: _Pad, who: str, *, whole: bool
    ) -> list[Revision]:
        name = pad_of(base)
        before_our_eyes = bool(who) and not whole
        first = stream.ids[0][0]
        if not self._goes_on(stream, name, known):
            return []
        new = []
        for at in range(max(known.last + 1 - first, 0), len(stream.ids)):
            if stream.ids[at] != (first + at, 1):
                self._found(f"I1 {name}: revision {first + at} stands as {stream.ids[at]}")
            revision = _revision(stream, at)
            if known.chain != UNKNOWN and not revision.follows(known.chain):
                self._found(f"I1 {name}: revision {revision.rev} does not follow from {known.last}")
            if before_our_eyes and changes_nothing(revision):
                self._found(f"I2 {name}: revision {revision.rev} changes nothing")
            known.last, known.chain = revision.rev, revision.chain
            self.ever[base].add((revision.rev, revision.chain))
            origin = revision.origin
            if origin is not None:
                # What was put there whole, by a copy for example, may hold a submission of before.
                if origin in known.revs and (before_our_eyes or not who):
                    self._found(
                        f"I2 {name}: submission {origin.seq} of {origin.session} is revision "
                        f"{known.revs[origin]} and {revision.rev}, by {who}"
                    )
                known.revs[origin] = revision.rev
                if before_our_eyes:
                    known.places[origin.session] = origin.seq
                self._answers.note(origin)
            new.append(revision)
        return new

    def _goes_on(self, stream: Stream, name: str, known: _Pad) -> bool:
        """Checks the revisions that are known already. Returns whether the others can be looked
        at."""
        first, last = stream.ids[0][0], stream.ids[-1][0]
        if last - first + 1 != len(stream.ids):
            self._found(f"I1 {name}: {len(stream.ids)} revisions from {first} to {last}")
            known.last = last
            return False
        if last < known.last:
            self._found(f"I1 {name}: there was revision {known.last}, and now the last is {last}")
        elif (
            first <= known.last
            and known.chain
            and _revision(stream, known.last - first).chain != known.chain
        ):
            self._found(f"I1 {name}: revision {known.last} is another than it was")
        return True

    def _may_commit(self, server: Server, base: bytes, who: str) -> None:
        owner = state_of(server, base).get(b"owner", b"").decode()
        if owner != who:
            self._found(f"I2 {pad_of(base)}: {who} committed, and the lease is {owner!r}'s")

    def _hold_against_meta(self, meta: object, base: bytes, known: _Pad) -> None:
        name = pad_of(base)
        if not isinstance(meta, dict):
            self._found(f"I1 {name}: there are revisions, and no meta")
            return
        head, chain = int(meta.get(b"head", b"-1")), meta.get(b"chain", b"")
        if head != known.last:
            self._found(f"I1 {name}: the head is {head}, the last revision {known.last}")
        elif chain != known.chain:
            self._found(f"I1 {name}: the chain of the head is not that of {known.last}")
        epoch = int(meta.get(b"epoch", b"0"))
        if epoch < known.epoch:
            self._found(f"I5 {name}: epoch {epoch} comes after {known.epoch}")
        known.epoch = epoch


def _revision(stream: Stream, at: int) -> Revision:
    return Revision.from_record(stream.ids[at][0], stream.fields[at][1])
