"""Which entries are too much for one turn of an event loop, judged by what can be seen of them.
Pure."""

from typing import Final

from padfleet.shared.easysync.effort import count_ops
from padfleet.shared.log.records import Creation, Entry, Submission

LIGHT_WORK: Final = 1_500
"""Operations that may be processed for one entry in the event loop: 15 ms."""

UNITS_EACH: Final = 300
"""Code units of text that take as long as one operation."""

SHORT: Final = 1_000
"""Characters of a changeset, and a third as many attributes, up to which it needs no closer
look."""


def is_short(submission: Submission) -> bool:
    """Whether the entry is certainly light. Nearly all are, and nothing is counted for them."""
    return (
        len(submission.changeset) < SHORT
        and len(submission.pool.get("numToAttrib", ())) < SHORT // 3
    )


def own_work(entry: Entry) -> int:
    """Operations that have to be processed for an entry, whatever it is based on: each of its own
    twice, each attribute that it brings, and its text."""
    match entry:
        case Submission():
            if is_short(entry):
                return 0
            changeset = entry.changeset
            attributes = len(entry.pool.get("numToAttrib", ()))
            return 2 * count_ops(changeset) + attributes + len(changeset) // UNITS_EACH
        case Creation():
            return len(entry.text) // UNITS_EACH
        case _:
            return 0


def is_heavy(entry: Entry) -> bool:
    """Whether the writer processes it in a thread, whatever it is based on."""
    return own_work(entry) > LIGHT_WORK
