"""Pads that are opened while it is still found out who wants to join them."""

from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.hub.rooms import Rooms


class Ahead:
    """The pad that somebody is about to join, opened while the rest is found out: each round trip
    that is not waited for twice is one that the client does not wait for."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._room: Room | None = None

    def open(self, pad_id: str) -> None:
        """The first call counts."""
        if self._room is None:
            self._room = self._rooms.begin_to_enter(pad_id)

    def close(self) -> None:
        """Whoever has joined holds it by now."""
        if self._room is not None:
            self._rooms.leave(self._room)
