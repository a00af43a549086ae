"""Puts what people type into a pad's feed, and says what a session is sent of it, message by
message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from padfleet.services.fanout.delivery.cursor import DeliveryCursor, parts
from padfleet.services.fanout.delivery.stretches import Stretch, divided
from padfleet.services.fanout.pads.feed import Feed
from padfleet.services.fanout.pads.steps import Step
from padfleet.shared.log.records import Origin, Revision, chain_of
from padfleet.shared.wire.jsontext import dumps


def typed(
    feed: Feed, author: str, session: str, changeset: str, *, at_ms: int, time_delta: int
) -> None:
    """Puts one more revision at the end of a feed, as a writer sends it. Its changeset has one
    attribute, which is the author."""
    rev = feed.head + 1
    data = {
        "type": "NEW_CHANGES",
        "newRev": rev,
        "changeset": changeset,
        "apool": {
            "numToAttrib": {"0": ["author", author]},
            "attribToNum": {f"author,{author}": 0},
            "nextNum": 1,
        },
        "author": author,
        "currentTime": at_ms,
        "timeDelta": time_delta,
    }
    wire = dumps(data).encode()
    chain = chain_of(feed.chain or b"", wire)
    assert feed.offer([Revision(rev, author, at_ms, Origin(session, rev), chain, wire)]) is None


def steps(
    cursor: DeliveryCursor, session: str, revisions: Sequence[Revision], *, batching: bool
) -> Iterator[Step]:
    """Yields the messages that bring a session up to date, in order. The arguments are as for
    `parts`; the revisions are divided here."""
    for part in parts(cursor, session, divided(revisions), batching=batching):
        if isinstance(part, Stretch):
            yield from part.steps(batching)
        else:
            yield part
