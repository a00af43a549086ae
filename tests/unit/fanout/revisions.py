"""Revisions made up for tests of what does not look into them."""

from padfleet.services.fanout.pads.feed import Feed
from padfleet.shared.log.records import Origin, Revision, chain_of

_chains: dict[int, list[bytes]] = {}


def wire(rev: int, padding: int) -> bytes:
    return b'{"newRev":%d,"changeset":"Z:1>0$","apool":{},"x":"%b"}' % (rev, b"x" * padding)


def chain(rev: int, padding: int) -> bytes:
    known = _chains.setdefault(padding, [b""])
    while len(known) <= rev + 1:
        known.append(chain_of(known[-1], wire(len(known) - 1, padding)))
    return known[rev + 1]


def revision(
    rev: int, session: str | None = None, author: str = "a.other", *, padding: int = 0
) -> Revision:
    """Returns a revision of a history in which each revision carries `padding` bytes of padding."""
    origin = Origin(session, 1) if session else None
    return Revision(rev, author, 1000 + rev, origin, chain(rev, padding), wire(rev, padding))


def revisions(*revs: int) -> list[Revision]:
    return [revision(rev) for rev in revs]


def feed_at(head: int, capacity: int, *, padding: int = 0) -> Feed:
    """Returns a feed that has just been opened at this revision."""
    return Feed(head, capacity, chain(head, padding))
