"""This module is what a worker knows of one Socket.IO connection."""

import asyncio
import time
from dataclasses import dataclass, field

from padfleet.services.fanout.auth.handshake import Handshake
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.onlooker import Onlooker
from padfleet.services.fanout.transport.intake import Intake
from padfleet.services.fanout.transport.outbound import Outbound

MAX_DIGITS = 16
"""How many digits a number may have. JavaScript can hold such a number exactly, and Python reads it
quickly."""


@dataclass(slots=True, eq=False)
class Socket:
    """One Socket.IO connection, which is on at most one pad."""

    handshake: Handshake
    exit: Outbound
    intake: Intake = field(default_factory=Intake)  #: its messages that are being worked on
    brought: str | None = None  #: from an earlier connection, see `resume_token`
    session: Session | None = None
    room: Room | None = None
    onlooker: Onlooker | None = None  #: in place of a session, for one that is on no pad
    author: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Messages are taken one at a time and in order; a message's turn ends when only the writer's
    answer is still missing."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)  #: disconnected, and off its pad

    @property
    def stay(self) -> Session | Onlooker | None:
        """What has been let in with the grant that it was given, and ends with it."""
        return self.session if self.session is not None else self.onlooker

    def check_there(self) -> None:
        """Raises `ClientError` if the client has gone while it waited for its turn to join, or to
        ask for something. What it had asked for would otherwise go on for a minute without it, and
        whoever is on those pads would see it come and go."""
        if self.exit.closed:
            raise ClientError("client disconnected")

    def acknowledged(self, packet: str) -> bool:
        """Takes in a Socket.IO acknowledgement, `43<id>[…]`. Its id is the rev that it confirms.
        Returns False if it has none."""
        digits = packet[2:].partition("[")[0]
        if not digits.isdecimal():
            return False
        if self.session is not None and len(digits) < MAX_DIGITS:
            self.session.has_acknowledged(int(digits), time.monotonic())
        return True
