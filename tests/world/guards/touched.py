"""Sorts the effects of a transaction by what they touch. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from tests.world.guards.keys import INBOX, MEMBERS, META, MOVING, PAD, REVS, SNAP, STATE
from tests.world.redis.call import Call
from tests.world.redis.store import Id, id_of


@dataclass
class Touched:
    """What one transaction has touched. Pads go by what their keys begin with."""

    pads: dict[bytes, bool] = field(default_factory=dict)
    """The pads whose history or head may be another, and whether another history may have been put
    there."""
    snapshots: dict[bytes, bytes] = field(default_factory=dict)  #: that were stored, by pad
    states: dict[bytes, None] = field(default_factory=dict)  #: the keys of the partitions' records
    entries: list[tuple[bytes, tuple[bytes, ...]]] = field(default_factory=list)
    """The keys of inboxes, with the XADD that has put an entry in."""
    taken_out: set[Id] = field(default_factory=set)  #: the entries that were taken out of inboxes
    freezes: int = 0  #: how many pads have left for the cold store
    thaws: int = 0  #: how many pads have come back
    left: bytes = b""  #: the last pad whose members are gone


def touched_by(call: Call) -> Touched:
    touched = Touched()
    for effect in call.effects:
        if effect[0] in (b"DEL", b"RENAME"):
            _goes(touched, effect)
        else:
            _is_written(touched, effect)
    return touched


def _goes(touched: Touched, effect: tuple[bytes, ...]) -> None:
    for key in effect[1:]:
        if key.endswith(REVS) and PAD in key:
            touched.pads[key.removesuffix(REVS)] = True
            touched.thaws += effect[0] == b"RENAME"
        elif key.endswith(MEMBERS):
            touched.left = key.removesuffix(MEMBERS)


def _is_written(touched: Touched, effect: tuple[bytes, ...]) -> None:
    name, key = effect[:2]
    base, kind = _parted(key)
    if kind == STATE:
        touched.states[key] = None
    elif kind == INBOX:
        if name == b"XADD":
            touched.entries.append((key, effect))
        elif name == b"XDEL":
            touched.taken_out |= {id_of(part) for part in effect[2:]}
    elif kind == MOVING:
        touched.freezes += name == b"HSET" and effect[3].startswith(b"freeze")
    elif kind == SNAP:
        if name == b"SET":
            touched.snapshots[base] = effect[2]
    elif kind:
        touched.pads.setdefault(base, False)


@lru_cache(maxsize=10_000)
def _parted(key: bytes) -> tuple[bytes, bytes]:
    """Returns what comes before the kind of a key, and the kind, which is empty for keys that are
    not looked at."""
    kinds = (STATE, INBOX, MOVING, SNAP, REVS, META) if PAD in key else (STATE, INBOX, MOVING)
    kind = next((kind for kind in kinds if key.endswith(kind)), b"")
    return key.removesuffix(kind), kind
