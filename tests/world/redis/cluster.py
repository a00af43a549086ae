"""Simulates a cluster: which server has which slot, what each answers to clients that ask the wrong
one, and how slots move from one to another, key by key, or stay half-moved.

All servers know at once what the cluster has decided; the time that such news takes between them is
not simulated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from redis.crc import key_slot

from tests.world.redis.store import CommandError

if TYPE_CHECKING:
    from tests.world.redis.server import Server

SLOTS: Final = 16384
PORT: Final = 6379

_KEYLESS: Final = frozenset(
    b"PING INFO TIME SCAN KEYS CONFIG CLIENT SCRIPT SELECT FLUSHALL PUBSUB WAIT CLUSTER COMMAND "
    b"ASKING READONLY READWRITE MULTI EXEC DISCARD".split()
)
_ALL: Final = frozenset(b"DEL UNLINK EXISTS MGET".split())
_SUBSCRIPTIONS: Final = frozenset(b"SSUBSCRIBE SUNSUBSCRIBE".split())
_CHANNELS: Final = _SUBSCRIPTIONS | {b"SPUBLISH"}


@lru_cache(maxsize=100_000)
def slot_of(key: bytes) -> int:
    return key_slot(key)


def keys_of(args: list[bytes]) -> list[bytes]:
    """Returns the keys of a command, or its channels."""
    name = args[0].upper()
    if name in _KEYLESS:
        return []
    if name in _ALL or name in _SUBSCRIPTIONS:
        return args[1:]
    if name in (b"EVAL", b"EVALSHA"):
        return args[3 : 3 + int(args[2])]
    if name == b"XREAD":
        at = next(at for at, word in enumerate(args) if word.upper() == b"STREAMS")
        return args[at + 1 : at + 1 + (len(args) - at - 1) // 2]
    if name == b"MSET":
        return args[1::2]
    return args[1:3] if name == b"RENAME" else args[1:2]


class Cluster:
    """A cluster, whose servers begin with equal shares."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self.moving: dict[int, tuple[Server, Server]] = {}  #: from which server to which
        self.moves = 0  #: how many were begun
        self._owner = [servers[slot * len(servers) // SLOTS] for slot in range(SLOTS)]
        self._ranges: list[Any] = []  #: the answer to CLUSTER SLOTS; empty: not known
        self._ranges_of: tuple[str, ...] = ()  #: the lives of servers of which it tells
        for server in servers:
            server.cluster = self

    def owner(self, slot: int) -> Server:
        return self._owner[slot]

    def check(self, server: Server, args: list[bytes], *, asking: bool) -> None:
        """Checks that this command is for this server. Raises CommandError if it is not."""
        keys = keys_of(args)
        if not keys:
            return
        slot = slot_of(keys[0])
        for key in keys:
            if slot_of(key) != slot:
                raise CommandError("CROSSSLOT Keys in request don't hash to the same slot")
        owner = self._owner[slot]
        moving = self.moving.get(slot)
        is_channel = moving is not None and args[0].upper() in _CHANNELS
        if moving is None or (is_channel and not (asking and server is moving[1])):
            if owner is not server:
                raise CommandError(f"MOVED {slot} {owner.name}:{PORT}")
            return
        if is_channel:
            return
        source, target = moving
        if server is source:
            self._leaving(server, keys, f"ASK {slot} {target.name}:{PORT}")
        elif server is target and asking:
            there = sum(server.store.look(key, server.now_ms) is not None for key in keys)
            if len(keys) > 1 and there < len(keys):
                raise CommandError("TRYAGAIN Multiple keys request during rehashing of slot")
        else:
            raise CommandError(f"MOVED {slot} {source.name}:{PORT}")

    @staticmethod
    def _leaving(server: Server, keys: list[bytes], ask: str) -> None:
        there = sum(server.store.look(key, server.now_ms) is not None for key in keys)
        if there == len(keys):
            return
        if there:
            raise CommandError("TRYAGAIN Multiple keys request during rehashing of slot")
        raise CommandError(ask)

    # --- Slots that move -------------------------------------------------------------------------

    def begin_to_move(self, slot: int, target: Server) -> bool:
        """Begins to move a slot. Returns False if it is there already, or on its way."""
        source = self._owner[slot]
        if source is target or slot in self.moving:
            return False
        self.moving[slot] = (source, target)
        self.moves += 1
        return True

    def move_keys(self, slot: int, count: int) -> int:
        """Moves so many more of its keys. Returns how many are left."""
        source, target = self.moving[slot]
        there = [key for key in source.store.values if slot_of(key) == slot]
        for key in there[:count]:
            source.hand_over(key, target)
        return len(there[count:])

    def end_move(self, slot: int) -> None:
        """Moves all keys that are left, and gives the slot to the other server."""
        source, target = self.moving[slot]
        self.move_keys(slot, SLOTS)
        del self.moving[slot]
        self._owner[slot] = target
        self._ranges = []
        source.lost_slot(slot)

    def turn_back(self, slot: int) -> None:
        """Cancels the move: keys that have been moved come back."""
        source, target = self.moving.pop(slot)
        for key in [key for key in target.store.values if slot_of(key) == slot]:
            target.hand_over(key, source)

    def replace(self, old: Server, new: Server) -> None:
        """Puts another server in the place of one."""
        new.cluster = self
        self.servers[self.servers.index(old)] = new
        self._owner = [new if owner is old else owner for owner in self._owner]
        self._ranges = []
        self.moving = {
            slot: (new if source is old else source, new if target is old else target)
            for slot, (source, target) in self.moving.items()
        }

    # --- What is told ----------------------------------------------------------------------------

    def ranges(self) -> list[Any]:
        """Returns the answer to CLUSTER SLOTS."""
        state = tuple(server.run_id for server in self.servers)
        if self._ranges and self._ranges_of == state:
            return self._ranges
        found: list[Any] = []
        first = 0
        for slot in range(1, SLOTS + 1):
            if slot == SLOTS or self._owner[slot] is not self._owner[first]:
                owner = self._owner[first]
                found.append([first, slot - 1, [owner.name.encode(), PORT, owner.run_id.encode()]])
                first = slot
        self._ranges, self._ranges_of = found, state
        return found


def commands() -> list[Any]:
    """Returns the part of the answer to COMMAND from which clients learn where a command's keys
    are."""
    from tests.world.redis.commands import COMMANDS
    from tests.world.redis.tables import CONNECTION

    found: list[Any] = []
    for name in sorted({*COMMANDS, *CONNECTION}):
        word = name.encode()
        first, last, step = 1, 1, 1
        if word in _KEYLESS:
            first = last = step = 0
        elif word in _ALL:
            last = -1
        elif word == b"MSET":
            last, step = -1, 2
        elif word == b"RENAME":
            last = 2
        found.append([word.lower(), -1, [], first, last, step])
    return found
