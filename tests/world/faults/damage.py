"""Faults by hand: what somebody has written into the server, or deleted there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from padfleet.shared.log.keys import CONFIG
from tests.world.faults.aftermath import HURT
from tests.world.faults.common import Common
from tests.world.faults.fault import Fault, Kinds
from tests.world.redis.store import CommandError

NEWER: Final = b"1000"
"""A format that no release of ours knows."""

_CONFIG: Final = CONFIG.encode()


class ByHand:
    """Damages what is stored, in a pad of its own, or for all."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self.damages: Callable[[bytes], None] = lambda _: None
        """Called with the beginning of the keys of a pad that is about to be damaged."""

    def kinds(self) -> Kinds:
        return {
            "key is damaged": self._key_damaged,
            "redis has a newer format": self._newer_format,
        }

    def _key_damaged(self, fault: Fault) -> None:
        """Damages one key of one pad by hand: it is gone, or contains something else."""
        keys = self._common.fleet.keyspace.pad(HURT)
        self.damages(keys.channel.encode())
        self._common.aftermath.damaged = True
        revs, meta = keys.revs.encode(), keys.meta.encode()
        ways: list[tuple[bytes, ...]] = [
            (b"DEL", revs),
            (b"DEL", meta),
            (b"DEL", meta, keys.snap.encode()),
            (b"HSET", meta, b"head", b"7000"),
            *((b"SET", key.encode(), b"by hand") for key in (keys.meta, keys.revs, keys.snap)),
            *((b"SET", key.encode(), b"by hand") for key in (keys.fences, keys.members, keys.chat)),
            *((b"SET", key.encode(), b"by hand") for key in (keys.seen, keys.saved, keys.chunks)),
        ]
        way = ways[int(fault.chance * len(ways))]
        self._common.world.line(f"by hand: {b' '.join(way)!r}")
        with suppress(CommandError):  # it has been damaged already
            self._common.servers.holder(way[1]).by_hand(*way)

    def _newer_format(self, fault: Fault) -> None:
        """Stores a newer format, as if a release that this one cannot live with had been here, and
        a backup had then been put in its place: all programs have to end, and none may start
        meanwhile."""
        self._common.aftermath.was_newer = True
        self._common.servers.holder(_CONFIG).by_hand(b"HSET", _CONFIG, b"format", NEWER)
        self._common.later(fault.seconds, self.take_format_back)

    def take_format_back(self) -> None:
        held = self._common.servers.value(_CONFIG)
        if isinstance(held, dict) and held.get(b"format") == NEWER:
            self._common.servers.holder(_CONFIG).by_hand(b"HDEL", _CONFIG, b"format")
