"""Checks that a worker whose subscription was lost reads what it may have missed (I3).

Whatever is missed is found in the end: the next message shows a gap, and every ten seconds a worker
compares what it holds. So this looks at what is known soon after a subscription is back, and only
where nothing else is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms
from tests.world.guards.histories import Histories
from tests.world.host import Host, here
from tests.world.loop import WorldLoop
from tests.world.network import Network
from tests.world.redis.server import Server

READ_WITHIN: Final = 4.0
"""How many seconds a worker has to read what its pad has: two commands, which take milliseconds, or
two seconds more if the first goes out on a connection that is dead without knowing it."""


@dataclass
class _Back:
    """A subscription that is back."""

    host: Host
    rooms: Rooms
    room: Room
    head: int  #: that the pad had then
    since: float


class SubscriptionsGuard:
    """The guard of all workers of a run. There is one per process, since it hooks into a class of
    the product."""

    def __init__(
        self,
        found: Callable[[str], None],
        histories: Histories,
        loop: WorldLoop,
        network: Network,
    ) -> None:
        self._found = found
        self._histories = histories
        self._network = network
        self._servers: Sequence[Server] = ()
        self._back: list[_Back] = []
        resubscribed = Rooms._resubscribed

        def again(rooms: Rooms, channel: str) -> None:
            resubscribed(rooms, channel)
            host, room = here(), rooms._rooms.get(channel)
            if host is not None and room is not None:
                self._back.append(_Back(host, rooms, room, self._head(room), loop.now))

        Rooms._resubscribed = again  # type: ignore[method-assign,assignment]

    def look(self, now: float, servers: Sequence[Server]) -> None:
        self._servers = servers
        if not self._back:
            return
        # Where something is wrong, a worker may take longer: nothing is demanded then.
        self._back = [back for back in self._back if self._is_open(back)] if self._is_calm() else []
        for back in self._back:
            if now - back.since > READ_WITHIN:
                self._found(
                    f"I3 {back.host.name} has been subscribed to {back.room.pad_id} again for "
                    f"{READ_WITHIN:g} s, and is at {back.room.feed.head}, not {back.head}"
                )

    def _is_open(self, back: _Back) -> bool:
        """Returns whether a worker still lacks what the pad had, and has had."""
        channel = back.room.keys.channel
        back.head = min(back.head, self._head(back.room))
        return (
            back.host.runs
            and back.rooms._rooms.get(channel) is back.room
            and channel.encode() not in self._histories.damaged
            and back.room.feed.head < back.head
        )

    def _head(self, room: Room) -> int:
        """Returns the head of the pad as it is stored; -1 if it is nowhere here."""
        meta = room.keys.meta.encode()
        found = (server.store.values.get(meta) for server in self._servers)
        held = next((value for value in found if isinstance(value, dict)), {})
        return int(held.get(b"head", b"-1"))

    def _is_calm(self) -> bool:
        """Returns whether all servers can be reached, and answer at once."""
        network = self._network
        if network.cut or network.extra:
            return False
        return all(
            network.find(server.name).runs
            and not (server.slow or server.cut_before or server.cut_after)
            and not (server.cluster is not None and server.cluster.moving)
            for server in self._servers
        )
