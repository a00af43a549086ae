"""This module opens a pad while the worker is still finding out who wants to join it."""

from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms


class Ahead:
    """The pad that somebody is about to join. It is opened while the rest is being found out: every
    round trip that runs alongside another is one that the client need not wait for."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._room: Room | None = None

    def open(self, pad_id: str) -> None:
        """Begins to open the pad, if it is in Redis: to fetch it from the cold store is charged to
        whoever wants it. Only the first call counts."""
        if self._room is None:
            self._room = self._rooms.begin_to_enter(pad_id, may_fetch=False)

    def close(self) -> None:
        """Lets go of the pad. A session that has joined holds it itself by now."""
        if self._room is not None:
            self._rooms.leave(self._room)
