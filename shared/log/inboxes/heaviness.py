"""This module says which entries are too much for one turn of an event loop, judged by what can be
seen of them. It is pure."""

from typing import Final

from padfleet.shared.easysync.effort import count_ops
from padfleet.shared.log.entries import Creation, Entry, Submission

LIGHT_WORK: Final = 1_500
"""The number of operations that may be processed for one entry in the event loop, which takes 15
ms."""

UNITS_EACH: Final = 300
"""The number of code units of text that take as long as one operation."""

SHORT: Final = 1_000
"""The length of a changeset in characters, and three times the number of its attributes, below
which nothing needs to be counted."""


def is_short(submission: Submission) -> bool:
    """Returns whether the entry is certainly light. Nearly all entries are, and nothing is counted
    for them."""
    return (
        len(submission.changeset) < SHORT
        and len(submission.pool.get("numToAttrib", ())) < SHORT // 3
    )


def own_work(entry: Entry) -> int:
    """Returns how many operations have to be processed for an entry, whatever it is based on: each
    of its own operations counts twice, each attribute that it brings once, and its text according
    to its length. It is 0 for an entry that is certainly light."""
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
    """Returns whether the writer processes the entry in a thread, whatever it is based on."""
    return own_work(entry) > LIGHT_WORK
