"""What a page keeps on record of its stay: which history it has been sent, and how it submits.

What an author was last on is on record (`presence`), but he may have a pad open in several tabs,
and of these one speaks for all. Nothing that a page sends tells its tabs apart; Socket.IO does
(from its client 4.6 on, whatever the page): a server that gives a `pid` with its CONNECT has the
client keep the last argument of the last event that ends in a text, and bring it, as `offset`,
with the CONNECT of its next connection. That is made for the recovery of missed packets, of which
there are none here; and nobody listens for the event that carries our text.

Of what it has missed, a page takes each revision by its own author for the answer to the edit that
it had in flight. What the author has submitted elsewhere is no such answer: before the page was
loaded, in a session whose entries stood in the inbox for long, or by the HTTP API. So it is on
record in which session the page has its edits submitted.

A client can say of itself whatever it likes. So it can to `client_rev`: it deceives itself alone.
"""

from hashlib import blake2b
from typing import Any, NamedTuple

from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.packets import Frame

EVENT = "history"

MOST = 200
"""Characters of what is brought back; ours are some 120 at most."""

_UNKNOWN = "-"


class ResumeToken(NamedTuple):
    """A history, as its pad's clients call the pad: a connection may serve several in turn."""

    pad: str
    epoch: int
    reign: str
    session: str = ""  #: in which the page submits, once it has all that it missed
    before: str = ""  #: in which it submitted what it has no answer to until then; '' if unknown
    missed_to: int = -1  #: the last rev of what it missed

    def submitted_as(self, rev: int) -> str:
        """The session whose submissions are the page's own, of what comes after `rev`; '' if that
        is not known. There is but one: who lacks some of what was missed has submitted nothing
        since, and who has all of it has had an answer to what was in flight."""
        return self.before if rev < self.missed_to else self.session


def frame(stay: ResumeToken) -> Frame:
    """To be sent ahead of what a session is sent of this history."""
    text = f"{stay.epoch} {stay.reign} {_digest(stay.pad)} {stay.session}"
    if stay.missed_to >= 0:
        text += f" {stay.before or _UNKNOWN} {stay.missed_to}"
    return packets.packet(text, EVENT)


def brought(auth: Any) -> str | None:
    """What a client brings with its CONNECT, if it has been here before."""
    found = auth.get("offset") if isinstance(auth, dict) else None
    return found if isinstance(found, str) and len(found) <= MOST else None


def parse(text: str | None, pad: str) -> ResumeToken | None:
    """None for what is not ours, or of another pad. (Earlier builds put no session on record.)"""
    match (text or "").split(" "):
        case [epoch, reign, digest, *more] if _is_number(epoch) and digest == _digest(pad):
            match more:
                case []:
                    return ResumeToken(pad, int(epoch), reign)
                case [session]:
                    return ResumeToken(pad, int(epoch), reign, session)
                case [session, before, missed_to] if _is_number(missed_to):
                    before = "" if before == _UNKNOWN else before
                    return ResumeToken(pad, int(epoch), reign, session, before, int(missed_to))
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _digest(pad: str) -> str:
    # Of the name that the client knows the pad by, so that it tells it nothing.
    return blake2b(pad.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
