"""This module counts a worker's sockets as they come and go."""

from typing import Protocol

from padfleet.services.fanout import metrics
from padfleet.services.fanout.limits.connection_quota import ConnectionQuota
from padfleet.services.fanout.limits.idle import Endable, IdleSockets
from padfleet.shared.payers import Payer


class CountedSocket(Protocol):
    @property
    def payer(self) -> Payer: ...
    @property
    def exit(self) -> Endable: ...


class SocketCounts:
    """Gives each socket a place, and some time to ask for a pad."""

    def __init__(self, places: ConnectionQuota, idle_sockets: IdleSockets) -> None:
        self._places = places
        self._idle_sockets = idle_sockets

    def on_open(self, socket: CountedSocket) -> None:
        """Counts a new socket. It has to be called once for each, as soon as it is there."""
        metrics.SOCKETS.inc()
        self._places.take(socket.payer)
        self._idle_sockets.add(socket.exit, socket.payer)

    def on_close(self, socket: CountedSocket) -> None:
        """Discounts a socket that has gone. It has to be called once for each that has come."""
        metrics.SOCKETS.dec()
        self._places.give_back(socket.payer)
        self._idle_sockets.remove(socket.exit)
