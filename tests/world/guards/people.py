"""Checks each transaction against who is on a pad, and who may still submit to it (I2, I5)."""

from __future__ import annotations

from collections.abc import Callable

from padfleet.shared.log.channel_messages import Joined, decode_message
from padfleet.shared.log.entries import Fence
from tests.world.guards.keys import MEMBERS, pad_of
from tests.world.redis.call import Call
from tests.world.redis.server import Server


def look_at_members(found: Callable[[str], None], server: Server, call: Call) -> None:
    """Checks that no two sessions of an author have the same number, since the one with the higher
    number stays. (Sessions of different authors may, once a fail-over has taken numbers back.) A
    session that comes has to be announced to all workers."""
    joined = [
        effect for effect in call.effects if effect[0] == b"HSET" and effect[1].endswith(MEMBERS)
    ]
    for _, key, session, record, *_ in joined:
        base = key.removesuffix(MEMBERS)
        members = server.store.values.get(key)
        order = _order(record)
        if not isinstance(members, dict):
            continue
        for other, standing in members.items():
            same = _order(standing) == order and _author(standing) == _author(record)
            if other != session and same:
                found(f"I2 {pad_of(base)}: two sessions are number {order.decode()}")
        if not any(to == base and data[:1] == b"J" for to, data in call.published):
            found(f"I5 {pad_of(base)}: session {session.decode()} has come, and nobody was told")


def look_at_fence(found: Callable[[str], None], server: Server, state: bytes, fence: Fence) -> None:
    """Checks that a settled fence is recorded, for the next writer on the pad (I2)."""
    key = state.rsplit(b":", 1)[0] + b":pad:" + fence.pad.encode() + b":fences"
    held = server.store.values.get(key)
    if held is not None and not isinstance(held, dict):
        return  # damaged by hand
    least = int((held or {}).get(fence.author.encode(), b"0"))
    if least < fence.order:
        found(
            f"I2 {fence.pad}: the fence before session {fence.order} of {fence.author} is settled, "
            f"and {least} is on record"
        )


def _order(record: bytes) -> bytes:
    return record.split(b" ", 1)[0]


def _author(record: bytes) -> str | None:
    """Returns the author in a record, or None if the record has been damaged by hand."""
    try:
        message = decode_message(b"J" + record)
    except ValueError:
        return None
    return message.member.author if isinstance(message, Joined) else None
