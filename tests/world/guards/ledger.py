"""Compares each transaction of the server with what came before it (I1, I2).

It believes no program: it reads what a transaction has left in the server, and keeps a book of its
own. All that it knows of the fleet are the names of the keys and the form of their values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from padfleet.shared.log.channel_messages import Committed, decode_message
from padfleet.shared.log.entries import Deletion, Entry, Fence, decode_entry
from padfleet.shared.log.records import Origin, Revision
from tests.world.guards.people import MEMBERS, look_at_fence, look_at_members
from tests.world.guards.stored import (
    changes_nothing,
    look_at_base,
    look_at_lease,
    look_at_reigns,
    look_at_snapshot,
)
from tests.world.redis.commands import Call
from tests.world.redis.server import Server
from tests.world.redis.store import FIRST, Hash, Id, Stream, id_of

REVS: Final = b":revs"
META: Final = b":meta"
STATE: Final = b":state"
INBOX: Final = b":inbox"
MOVING: Final = b":moving"
SNAP: Final = b":snap"
PAD: Final = b":pad:"


@dataclass
class _Pad:
    """What is known of one pad's stream."""

    first: int = 0
    last: int = -1
    chain: bytes = b""  #: that of the last revision
    epoch: int = 0
    reigns: bytes = b""
    revs: dict[Origin, int] = field(default_factory=dict)
    """Which revision a submission has become, for all that the pad has had since it was created."""
    places: dict[str, int] = field(default_factory=dict)
    """The last submission of each session that has become a revision here since the last snapshot,
    before our eyes."""


@dataclass
class _Partition:
    term: int = 0
    owner: bytes = b""
    until: int = 0
    length: int = 0
    position: Id = FIRST
    waiting: dict[Id, tuple[float, Entry]] = field(default_factory=dict)
    """The entries that were put in and are not settled, and since when, by the loop's clock."""


class Ledger:
    """The book of one fleet."""

    def __init__(self, found: Callable[[str], None]) -> None:
        """Takes `found`, which is called with each fault in words that begin with the invariant's
        name."""
        self._found = found
        self._pads: dict[bytes, _Pad] = {}
        self._partitions: dict[bytes, _Partition] = {}
        self._answered: dict[str, int] = {}
        """The highest `seq` of each session that was answered or became a revision."""
        self._servers: list[Server] = []
        self.ever: defaultdict[bytes, set[tuple[int, bytes]]] = defaultdict(set)
        """All revisions that were ever committed, with their chains, by pad."""
        self.transactions = 0
        self.frozen = self.thawed = 0  #: how often a pad has left for the cold store, or come back
        self.damaged: set[bytes] = set()
        """The pads, by the beginning of their keys, whose keys somebody has damaged by hand."""

    def follow(self, servers: list[Server]) -> None:
        """Takes the servers that count from now on, with their present content: one has been
        started, wiped or promoted, and may have lost what another had."""
        self._servers = servers
        self._pads.clear()
        self._partitions.clear()
        for server in servers:
            server.watcher = self.committed
            for key, value in server.store.values.items():
                if key.endswith(REVS) and PAD in key:
                    if (base := key.removesuffix(REVS)) not in self.damaged:
                        self._look_at_pad(server, base, "", anew=True)
                elif key.endswith(STATE) and isinstance(value, dict):
                    self._partitions[key] = _partition(value)
        for server in servers:
            for key, value in server.store.values.items():
                if key.endswith(INBOX) and isinstance(value, Stream):
                    partition = self._partition_of(key)
                    for at in value.between(FIRST, value.last):
                        if value.ids[at] > partition.position:
                            _wait(partition, value.ids[at], value.fields[at], self._now())

    def waiting_for(self, owner: str) -> float:
        """Returns for how many seconds the oldest entry has waited that this writer, which has the
        lease, has to settle."""
        since = [
            at
            for partition in self._partitions.values()
            if partition.owner.decode() == owner
            for at, _ in partition.waiting.values()
        ]
        return self._now() - min(since) if since else 0.0

    def _now(self) -> float:
        return self._servers[0].loop.time() if self._servers else 0.0

    # --- A transaction ---------------------------------------------------------------------------

    def committed(self, server: Server, who: str, call: Call) -> None:
        """Checks a transaction; `who` is the host whose connection it came by."""
        if server not in self._servers:
            self._overhear(call)
            return
        self.transactions += 1
        pads: dict[bytes, bool] = {}  #: whether another history may have been put there
        states: dict[bytes, None] = {}
        snapshots: dict[bytes, bytes] = {}
        freezes, left = False, b""
        for effect in call.effects:
            name, key = effect[0], effect[1]
            if name in (b"DEL", b"RENAME"):
                for key in effect[1:]:
                    if key.endswith(REVS) and PAD in key:
                        pads[key.removesuffix(REVS)] = True
                        self.thawed += name == b"RENAME"
                    elif key.endswith(MEMBERS):
                        left = key.removesuffix(MEMBERS)
            elif key.endswith(MOVING):
                if name == b"HSET" and effect[3].startswith(b"freeze"):
                    self.frozen += 1
                    freezes = True
            elif key.endswith(SNAP) and name == b"SET" and PAD in key:
                snapshots[key.removesuffix(SNAP)] = effect[2]
            elif key.endswith(STATE):
                states[key] = None
            elif key.endswith(INBOX):
                if name == b"XADD":
                    self._came(key, effect)
            elif key.endswith(REVS) and PAD in key:
                pads.setdefault(key.removesuffix(REVS), False)
            elif key.endswith(META) and PAD in key:
                pads.setdefault(key.removesuffix(META), False)
        new: dict[bytes, list[Revision]] = {}
        for base, anew in pads.items():
            if base not in self.damaged:
                new[base] = self._look_at_pad(server, base, who, anew=anew)
        for base, data in snapshots.items():
            if base in self._pads and base not in self.damaged:
                places = self._pads[base].places
                look_at_snapshot(self._found, _name(base), data, self.ever[base], places)
                places.clear()
        if freezes and left:
            self._found(f"I5 {_name(left)}: frozen while somebody is on it")
        look_at_members(self._found, server, call)
        said, gone = self._said(server, call, new)
        for key in states:
            self._look_at_state(server, key, who, call, said, gone)

    def _overhear(self, call: Call) -> None:
        """Notes what a server commits whose place another has taken, without having been told: it
        is lost, but anyone who hears of it has not made it up."""
        for effect in call.effects:
            if effect[0] == b"XADD" and effect[1].endswith(REVS) and PAD in effect[1]:
                rev = id_of(effect[-3])[0]
                chain = Revision.from_record(rev, effect[-1]).chain
                self.ever[effect[1].removesuffix(REVS)].add((rev, chain))

    def _look_at_pad(self, server: Server, base: bytes, who: str, *, anew: bool) -> list[Revision]:
        """Checks a pad, and returns the revisions that are new."""
        stream = server.store.values.get(base + REVS)
        meta = server.store.values.get(base + META)
        known = self._pads.get(base)
        if not isinstance(stream, Stream) or not stream.ids:
            others = (other for other in self._servers if other is not server)
            if any(base + REVS in other.store.values for other in others):
                return []  # its slot is half moved, and they are on the other server
            if known is not None and known.last >= 0 and not anew:
                self._found(f"I1 {_name(base)}: its revisions are gone, and nobody deleted it")
            self._pads.pop(base, None)
            return []
        whole = known is None or anew
        if known is None or anew:
            first = stream.ids[0][0]
            before = known
            known = self._pads[base] = _Pad(first, first - 1)
            known.chain = self._chain_before(stream)
            if before is not None:
                known.epoch = before.epoch
        head = known.last
        new = self._new_revisions(stream, base, known, who, checks_origin=not whole or not who)
        if new and not whole and who:
            self._may_commit(server, base, who)
        if isinstance(meta, dict):
            reigns = meta.get(b"reigns", b"")
            if not whole:
                look_at_reigns(self._found, _name(base), known.reigns, reigns, head)
                self._look_at_bases(base, new, reigns)
            known.reigns = reigns
        if who or isinstance(meta, dict):  # a first look may find half of what there was
            self._hold_against_meta(meta, base, known)
        return new

    @staticmethod
    def _chain_before(stream: Stream) -> bytes:
        """Returns the chain before the first revision, which is unknown if that is not revision
        0."""
        return b"" if stream.ids[0][0] == 0 else b"?"

    def _new_revisions(
        self, stream: Stream, base: bytes, known: _Pad, who: str, *, checks_origin: bool
    ) -> list[Revision]:
        name = _name(base)
        first, last = stream.ids[0][0], stream.ids[-1][0]
        if last - first + 1 != len(stream.ids):
            self._found(f"I1 {name}: {len(stream.ids)} revisions from {first} to {last}")
            known.first, known.last = first, last
            return []
        if last < known.last:
            self._found(f"I1 {name}: there was revision {known.last}, and now the last is {last}")
        elif first <= known.last <= last and known.chain:
            at = known.last - first
            if _revision(stream, at).chain != known.chain:
                self._found(f"I1 {name}: revision {known.last} is another than it was")
        known.first = first
        new = []
        for at in range(max(known.last + 1 - first, 0), len(stream.ids)):
            if stream.ids[at] != (first + at, 1):
                self._found(f"I1 {name}: revision {first + at} stands as {stream.ids[at]}")
            revision = _revision(stream, at)
            if known.chain != b"?" and not revision.follows(known.chain):
                self._found(f"I1 {name}: revision {revision.rev} does not follow from {known.last}")
            if checks_origin and who and changes_nothing(revision):
                self._found(f"I2 {name}: revision {revision.rev} changes nothing")
            known.last, known.chain = revision.rev, revision.chain
            self.ever[base].add((revision.rev, revision.chain))
            origin = revision.origin
            if origin is not None:
                if checks_origin and origin in known.revs:
                    self._found(
                        f"I2 {name}: submission {origin.seq} of {origin.session} is revision "
                        f"{known.revs[origin]} and {revision.rev}, by {who}"
                    )
                known.revs[origin] = revision.rev
                if checks_origin and who:
                    known.places[origin.session] = origin.seq
                self._has_answer(origin)
            new.append(revision)
        return new

    def _look_at_bases(self, base: bytes, new: list[Revision], reigns: bytes) -> None:
        partition = self._partitions.get(base.split(PAD)[0] + STATE, _Partition())
        waiting = {entry.origin: entry for _, entry in partition.waiting.values()}
        for revision in new:
            if revision.origin in waiting:
                look_at_base(self._found, _name(base), waiting[revision.origin], reigns)

    def _may_commit(self, server: Server, base: bytes, who: str) -> None:
        owner = _state_of(server, base).get(b"owner", b"")
        if owner.decode() != who:
            self._found(f"I2 {_name(base)}: {who} committed, and the lease is {owner.decode()!r}'s")

    def _hold_against_meta(self, meta: object, base: bytes, known: _Pad) -> None:
        if not isinstance(meta, dict):
            self._found(f"I1 {_name(base)}: there are revisions, and no meta")
            return
        head, chain = int(meta.get(b"head", b"-1")), meta.get(b"chain", b"")
        if head != known.last:
            self._found(f"I1 {_name(base)}: the head is {head}, the last revision {known.last}")
        elif chain != known.chain:
            self._found(f"I1 {_name(base)}: the chain of the head is not that of {known.last}")
        epoch = int(meta.get(b"epoch", b"0"))
        if epoch < known.epoch:
            self._found(f"I5 {_name(base)}: epoch {epoch} comes after {known.epoch}")
        known.epoch = epoch

    # --- Leases and inboxes ----------------------------------------------------------------------

    def _partition_of(self, key: bytes) -> _Partition:
        state = key.rsplit(b":", 1)[0] + STATE
        return self._partitions.setdefault(state, _Partition())

    def _came(self, key: bytes, effect: tuple[bytes, ...]) -> None:
        """Notes a new entry, from XADD key … id field value: the part in between is the command's
        options."""
        _wait(self._partition_of(key), id_of(effect[-3]), effect[-2:], self._now())

    def _look_at_state(
        self,
        server: Server,
        key: bytes,
        who: str,
        call: Call,
        said: dict[Origin, str],
        gone: set[str],
    ) -> None:
        value = server.store.values.get(key)
        if not isinstance(value, dict):
            return
        before = self._partitions.get(key, _Partition())
        now = self._partitions[key] = _partition(value)
        now.waiting = before.waiting
        name = key.decode()
        if now.until != before.until and now.until and now.owner.decode() != who:
            self._found(f"I2 {name}: {who} makes the lease longer that {now.owner.decode()} has")
        if now.until > before.until:
            look_at_lease(self._found, name, who, value, server)
        if now.term < before.term:
            self._found(f"I2 {name}: term {now.term} comes after {before.term}")
        if now.owner != before.owner and before.owner:
            left = before.until - call.now_ms
            if 0 < left <= before.length:
                self._found(
                    f"I2 {name}: {now.owner.decode()} has the lease, and {before.owner.decode()}'s "
                    f"runs for another {left} ms"
                )
            if now.term == before.term:
                self._found(f"I2 {name}: another owner, and the same term {now.term}")
        if now.position < before.position:
            self._found(f"I2 {name}: {who} moved the inbox back to {now.position}")
            return
        taken_out = {
            id_of(part)
            for effect in call.effects
            if effect[0] == b"XDEL" and effect[1].endswith(INBOX)
            for part in effect[2:]
        }
        if now.position == before.position and not taken_out and _writes_position(call, key):
            self._found(f"I2 {name}: {who} has settled the entries up to {now.position} again")
        if now.position > before.position or taken_out:
            for fence in self._settles(now, name, who, taken_out, said, gone):
                look_at_fence(self._found, server, key, fence)

    def _settles(
        self,
        partition: _Partition,
        name: str,
        who: str,
        taken_out: set[Id],
        said: dict[Origin, str],
        gone: set[str],
    ) -> list[Fence]:
        """Checks that every entry that was passed has become a revision or had an answer. Returns
        the fences that have been put up."""
        fences = []
        due = [at for at in partition.waiting if at <= partition.position or at in taken_out]
        for at in due:
            _, entry = partition.waiting.pop(at)
            origin = entry.origin
            if isinstance(entry, Fence) and said.get(origin) == "done":
                fences.append(entry)
            if origin in said or self._answered.get(origin.session, 0) >= origin.seq:
                continue
            if isinstance(entry, Deletion) and entry.pad in gone:
                continue
            if any(entry.pad.encode() == base.split(PAD, 1)[1] for base in self.damaged):
                continue
            self._found(
                f"I2 {name}: {who} passed entry {at[0]}-{at[1]}, the {type(entry).__name__} "
                f"{origin.seq} of {origin.session}, and it is neither a revision nor refused"
            )
        return fences

    def _said(
        self, server: Server, call: Call, new: dict[bytes, list[Revision]]
    ) -> tuple[dict[Origin, str], set[str]]:
        """Returns what the workers were told: outcomes, and pads that are gone. Revisions that they
        are told of have to be there, and `new` ones were made under the reign that they are
        told."""
        said: dict[Origin, str] = {}
        gone: set[str] = set()
        for channel, data in call.published:
            if data[:1] == b"D":
                gone.add(channel.split(PAD, 1)[-1].decode())
            if data[:1] != b"R":
                continue
            message = decode_message(data)
            assert isinstance(message, Committed)
            for revision in message.revisions if channel not in self.damaged else ():
                if (revision.rev, revision.chain) not in self.ever[channel]:
                    self._found(f"I1 {_name(channel)}: told of {revision.rev}, which is not there")
            reign = _state_of(server, channel).get(b"reign", b"").decode()
            if new.get(channel) and message.reign != reign:
                self._found(
                    f"I5 {_name(channel)}: said to be of the reign {message.reign}, not {reign}"
                )
            known = self._pads.get(channel)
            for outcome in message.outcomes:
                origin = outcome.origin
                if outcome.kind in ("refused", "accepted") and known and origin in known.revs:
                    self._found(
                        f"I2 {_name(channel)}: submission {origin.seq} of {origin.session} is "
                        f"revision {known.revs[origin]}, and was {outcome.kind}"
                    )
                said[origin] = outcome.kind
        for origin in said:
            self._has_answer(origin)
        return said, gone

    def _has_answer(self, origin: Origin) -> None:
        self._answered[origin.session] = max(origin.seq, self._answered.get(origin.session, 0))


def _state_of(server: Server, base: bytes) -> Hash:
    """Returns the record of the partition of a pad."""
    state = server.store.values.get(base.split(PAD)[0] + STATE)
    return state if isinstance(state, dict) else {}


def _partition(state: Hash) -> _Partition:
    return _Partition(
        int(state.get(b"term", b"0")),
        state.get(b"owner", b""),
        int(state.get(b"until", b"0")),
        int(state.get(b"lease", b"0") or b"0"),
        id_of(state.get(b"position", b"0-0")),
    )


def _writes_position(call: Call, state: bytes) -> bool:
    return any(
        effect[:2] == (b"HSET", state) and b"position" in effect[2::2] for effect in call.effects
    )


def _wait(partition: _Partition, at: Id, fields: Iterable[bytes], now: float) -> None:
    """Notes an entry as waiting, unless it cannot be read, or is stored elsewhere."""
    name, data = fields
    if name == b"e":
        with suppress(ValueError, LookupError, TypeError):
            partition.waiting[at] = (now, decode_entry(data))


def _revision(stream: Stream, at: int) -> Revision:
    return Revision.from_record(stream.ids[at][0], stream.fields[at][1])


def _name(base: bytes) -> str:
    return base.split(PAD, 1)[-1].decode(errors="replace")
