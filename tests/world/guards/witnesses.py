"""Checks that no pad comes back with less than Redis remembers of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from padfleet.shared.log.pad.witness import Witness, witness_key
from tests.world.guards.keys import META, PAD, WITNESSES, pad_of
from tests.world.redis.call import Call
from tests.world.redis.server import Server


class Witnesses:
    """The witnesses of all partitions, as they were after the last transaction."""

    def __init__(self, found: Callable[[str], None]) -> None:
        self._found = found
        self._held: dict[bytes, dict[bytes, bytes]] = {}  #: by key

    def begin_anew(self, servers: Sequence[Server]) -> None:
        self._held = {}
        for server in servers:
            for key in server.store.values:
                if key.endswith(WITNESSES):
                    self._note(server, key)

    def look_at(self, server: Server, call: Call, came: Sequence[bytes]) -> None:
        """Looks at a transaction by which these pads have got another history."""
        for key in {effect[1] for effect in call.effects if effect[1].endswith(WITNESSES)}:
            for base in came:
                if base.split(PAD)[0] + WITNESSES == key:
                    self._compare(server, base, self._held.get(key, {}))
            self._note(server, key)

    def _compare(self, server: Server, base: bytes, held: dict[bytes, bytes]) -> None:
        name, meta = witness_key(pad_of(base)), server.store.values.get(base + META)
        at = held.get(name[:1], b"").find(name[1:])
        had = Witness.from_bytes(held[name[:1]][at + 6 : at + 23]) if at >= 0 else None
        if had is None or had.accepted or not isinstance(meta, dict):
            return
        epoch, head = int(meta.get(b"epoch", b"0")), int(meta.get(b"head", b"-1"))
        if head >= 0 and (epoch, head) < (had.epoch, had.head):
            self._found(f"I5 {pad_of(base)}: back at revision {head}, and had left at {had.head}")

    def _note(self, server: Server, key: bytes) -> None:
        value = server.store.values.get(key)
        self._held[key] = dict(value) if isinstance(value, dict) else {}
