"""Defines what a page keeps on record of its stay: which history it has been sent, and how it
submits.

What an author was last on is stored (`presence`), but the author may have a pad open in several
tabs, and there is one record for all of them. Nothing that a page sends tells its tabs apart, but
Socket.IO does (from its client 4.6 on, for any page): a server that gives a `pid` with its CONNECT
makes the client keep the last argument of the last event that ends in a text, and send it as
`offset` with the CONNECT of its next connection. That is meant for the recovery of missed packets,
which does not exist here; and nobody listens for the event that carries our text.

A page takes each missed revision by its own author for the answer to its edit in flight. But a
revision that the author has submitted elsewhere is no such answer: before the page was loaded, in a
session whose entries were in the inbox for long, or by the HTTP API. So the session in which the
page has its edits submitted is recorded, too.

A client may claim anything about itself, here as in `client_rev`: it only deceives itself.
"""

from hashlib import blake2b
from typing import Any, NamedTuple

from padfleet.services.fanout.transport import packets
from padfleet.services.fanout.transport.packets import Frame

EVENT = "history"

MOST = 200
"""How many characters a token that is brought back may have; ours have about 120 at most."""

_UNKNOWN = "-"


class ResumeToken(NamedTuple):
    """A page's stay: of which author, on which history, and how its edits are submitted."""

    author: str
    pad: str  #: its name as its clients know it: a connection may serve several in turn
    epoch: int
    reign: str
    session: str  #: the session in which the page submits, once it has all that it missed
    before: str = ""  #: the session of what it submitted and has no answer to until then
    missed_to: int = -1  #: the last revision that it missed

    def submitted_as(self, rev: int) -> str:
        """Returns the session whose submissions are the page's own among the revisions after `rev`,
        or an empty text if that is not known. There is only one: a client that lacks some of what
        was missed has submitted nothing since, and one that has all of it has had an answer to what
        was in flight."""
        return self.before if rev < self.missed_to else self.session


def frame(stay: ResumeToken) -> Frame:
    """Returns the frame to be sent before anything of this history is sent to a session."""
    text = f"{stay.epoch} {stay.reign} {_digest(stay.author, stay.pad)} {stay.session}"
    if stay.missed_to >= 0:
        text += f" {stay.before or _UNKNOWN} {stay.missed_to}"
    return packets.packet(text, EVENT)


def brought(auth: Any) -> str | None:
    """Returns what a client brings with its CONNECT if it has been here before, and otherwise
    None."""
    found = auth.get("offset") if isinstance(auth, dict) else None
    return found if isinstance(found, str) and len(found) <= MOST else None


def parse(text: str | None, author: str, pad: str) -> ResumeToken | None:
    """Reads a token. Returns None for anything that is not ours, or that belongs to another pad or
    author. A page continues as the author that it was loaded for; if it is no longer known who that
    was (Redis was emptied, and its pads came back from the cold store), all that it submits is
    refused."""
    match (text or "").split(" "):
        case [epoch, reign, digest, session, *more] if _is_number(epoch) and digest == _digest(
            author, pad
        ):
            came = ResumeToken(author, pad, int(epoch), reign, session)
            match more:
                case []:
                    return came
                case [before, missed_to] if _is_number(missed_to):
                    before = "" if before == _UNKNOWN else before
                    return came._replace(before=before, missed_to=int(missed_to))
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _digest(author: str, pad: str) -> str:
    # The digest is of the name by which the client knows the pad, so it reveals nothing.
    text = f"{author} {pad}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
