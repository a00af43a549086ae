"""Which history a page has been sent, on record with the page itself.

What an author was last on is on record (`presence`), but he may have a pad open in several tabs,
and of these one speaks for all. Nothing that a page sends tells its tabs apart; Socket.IO does
(from its client 4.6 on, whatever the page): a server that gives a `pid` with its CONNECT has the
client keep the last argument of the last event that ends in a text, and bring it, as `offset`,
with the CONNECT of its next connection. That is made for the recovery of missed packets, of which
there are none here; and nobody listens for the event that carries our text.

A client can say of itself whatever it likes. So it can to `client_rev`: it deceives itself alone.
"""

from hashlib import blake2b
from typing import Any, NamedTuple

from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.packets import Frame

EVENT = "history"

MOST = 100
"""Characters of what is brought back; ours are half of that."""


class ResumeToken(NamedTuple):
    """A history, as its pad's clients call the pad: a connection may serve several in turn."""

    pad: str
    epoch: int
    reign: str


def frame(stay: ResumeToken) -> Frame:
    """To be sent ahead of what a session is sent of this history."""
    return packets.packet(f"{stay.epoch} {stay.reign} {_digest(stay.pad)}", EVENT)


def brought(auth: Any) -> str | None:
    """What a client brings with its CONNECT, if it has been here before."""
    found = auth.get("offset") if isinstance(auth, dict) else None
    return found if isinstance(found, str) and len(found) <= MOST else None


def parse(text: str | None, pad: str) -> ResumeToken | None:
    """None for what is not ours, or of another pad."""
    match (text or "").split(" "):
        case [epoch, reign, digest] if epoch.isdecimal() and digest == _digest(pad):
            return ResumeToken(pad, int(epoch), reign)
    return None


def _digest(pad: str) -> str:
    # Of the name that the client knows the pad by, so that it tells it nothing.
    return blake2b(pad.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
