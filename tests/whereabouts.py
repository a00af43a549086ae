"""Says whether a pad is in the cold store and nowhere else, for tests that wait for it."""

from __future__ import annotations

import redis as redis_py


def is_in_redis(server: redis_py.Redis, pad: str) -> bool:
    """Returns whether the pad, or a trace of it, is in Redis. A pad whose keys are gone may still
    be on its way, and whoever wants it then brings it back: so its move counts, too."""
    if any(server.scan_iter(match=f"*:pad:{pad}*", count=10_000)):
        return True
    moves = server.scan_iter(match="*:moving", count=10_000)
    return any(server.hexists(partition, pad) for partition in moves)
