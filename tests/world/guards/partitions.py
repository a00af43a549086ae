"""Compares the lease and the inbox of each partition with what they were before (I2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from padfleet.shared.log.entries import Deletion, Entry, Fence, decode_entry
from padfleet.shared.log.records import Origin
from tests.world.guards.answers import Answers, Told
from tests.world.guards.keys import INBOX, PAD, STATE, state_key
from tests.world.guards.people import look_at_fence
from tests.world.guards.stored import look_at_lease
from tests.world.redis.call import Call
from tests.world.redis.server import Server
from tests.world.redis.store import FIRST, Hash, Id, Stream, id_of


@dataclass
class _Partition:
    term: int = 0
    owner: bytes = b""
    until: int = 0
    length: int = 0
    position: Id = FIRST
    waiting: dict[Id, tuple[float, Entry]] = field(default_factory=dict)
    """The entries that were put in and are not settled, and since when, by the loop's clock."""


class Partitions:
    """All partitions, each by the key of its record."""

    def __init__(
        self, found: Callable[[str], None], answers: Answers, damaged: Collection[bytes]
    ) -> None:
        """Takes the pads whose keys somebody has `damaged`: their entries may be lost."""
        self._found = found
        self._answers = answers
        self._damaged = damaged
        self._partitions: dict[bytes, _Partition] = {}
        self._servers: list[Server] = []

    def begin_anew(self, servers: list[Server]) -> None:
        """Takes what the servers hold as it is."""
        self._servers = servers
        self._partitions.clear()
        for server in servers:
            for key, value in server.store.values.items():
                if key.endswith(STATE) and isinstance(value, dict):
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

    def waiting_at(self, base: bytes) -> Mapping[Origin, Entry]:
        """Returns the entries that wait in the inbox of this pad."""
        partition = self._partitions.get(state_key(base), _Partition())
        return {entry.origin: entry for _, entry in partition.waiting.values()}

    def came(self, inbox: bytes, effect: tuple[bytes, ...]) -> None:
        """Notes a new entry, from XADD key … id field value: the part in between is the command's
        options."""
        _wait(self._partition_of(inbox), id_of(effect[-3]), effect[-2:], self._now())

    def look_at(
        self,
        server: Server,
        key: bytes,
        who: str,
        call: Call,
        told: Told,
        taken_out: Collection[Id],
    ) -> None:
        """Checks a partition whose record was written.

        Arguments:
            who: the host that has written it.
            told: what the same transaction has told the workers.
            taken_out: the entries that it has taken out of inboxes.
        """
        value = server.store.values.get(key)
        if not isinstance(value, dict):
            return
        before = self._partitions.get(key, _Partition())
        now = self._partitions[key] = _partition(value)
        now.waiting = before.waiting
        name = key.decode()
        self._hold_against(before, now, name, who, call.now_ms)
        if now.until > before.until:
            look_at_lease(self._found, name, who, value, server)
        if now.position < before.position:
            self._found(f"I2 {name}: {who} moved the inbox back to {now.position}")
            return
        same = now.position == before.position and not taken_out and _writes_position(call, key)
        if same and not self._answers.are_direct(who, told.origins):
            self._found(f"I2 {name}: {who} has settled the entries up to {now.position} again")
        if now.position > before.position or taken_out:
            for fence in self._settles(now, name, who, taken_out, told):
                look_at_fence(self._found, server, key, fence)

    def _hold_against(
        self, before: _Partition, now: _Partition, name: str, who: str, now_ms: int
    ) -> None:
        """Checks that a lease goes from one writer to another only when it has run out."""
        if now.until != before.until and now.until and now.owner.decode() != who:
            self._found(f"I2 {name}: {who} makes the lease longer that {now.owner.decode()} has")
        if now.term < before.term:
            self._found(f"I2 {name}: term {now.term} comes after {before.term}")
        if now.owner != before.owner and before.owner:
            left = before.until - now_ms
            if 0 < left <= before.length:
                self._found(
                    f"I2 {name}: {now.owner.decode()} has the lease, and {before.owner.decode()}'s "
                    f"runs for another {left} ms"
                )
            if now.term == before.term:
                self._found(f"I2 {name}: another owner, and the same term {now.term}")

    def _settles(
        self,
        partition: _Partition,
        name: str,
        who: str,
        taken_out: Collection[Id],
        told: Told,
    ) -> list[Fence]:
        """Checks that every entry that was passed has become a revision or had an answer. Returns
        the fences that have been put up."""
        fences = []
        due = [at for at in partition.waiting if at <= partition.position or at in taken_out]
        for at in due:
            _, entry = partition.waiting.pop(at)
            origin = entry.origin
            if isinstance(entry, Fence) and told.outcomes.get(origin) == "done":
                fences.append(entry)
            if origin in told.outcomes or self._answers.has(origin):
                continue
            if isinstance(entry, Deletion) and entry.pad in told.gone:
                continue
            if any(entry.pad.encode() == base.split(PAD, 1)[1] for base in self._damaged):
                continue
            self._found(
                f"I2 {name}: {who} passed entry {at[0]}-{at[1]}, the {type(entry).__name__} "
                f"{origin.seq} of {origin.session}, and it is neither a revision nor refused"
            )
        return fences

    def _now(self) -> float:
        return self._servers[0].loop.time() if self._servers else 0.0

    def _partition_of(self, inbox: bytes) -> _Partition:
        return self._partitions.setdefault(state_key(inbox), _Partition())


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
