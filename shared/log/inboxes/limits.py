"""This module refuses what is too large to become part of a pad, before it is put into an inbox. It
is pure.

Every entry passes `check`, whoever makes it. Two limits belong to the pad; the writer decides on
them in the end, because only it knows the pad at that moment. The other limits are those of an
entry itself.
"""

import re
from typing import Final, NamedTuple

from padfleet.shared.easysync.effort import count_ops
from padfleet.shared.log.entries import Creation, Entry, Submission
from padfleet.shared.settings.pads import PadSettings

ENTRY_BYTES: Final = 32 << 10
"""The maximum number of bytes of an entry in the inbox itself. A larger one is stored beside it, so
that the number of entries limits how much a read of them can return."""

PART_BYTES: Final = 256 << 10
"""The maximum number of bytes of each part of a larger entry."""

LARGEST_BYTES: Final = 32 << 20
"""The maximum number of bytes of any entry. A text of 5,000,000 code units, each half of an emoji,
takes 15 MB."""

MOST_OPERATIONS: Final = 200_000
"""The maximum number of operations of any edit. A whole formatted book has about as many runs of
text with different attributes; they take the writer some seconds."""

_HEADER = re.compile(r"Z:([0-9a-z]{1,12})>([0-9a-z]{1,12})")


class EditRefusal(Exception):
    """Says that the edit cannot become part of the pad; the text says why."""


class EditTooLarge(EditRefusal):
    """Says that the edit is too large, or would make the pad too large. It would be refused at
    another time, too."""


class PadLimits(NamedTuple):
    """How far a pad may grow."""

    units: int  #: the maximum number of UTF-16 code units of its text
    attributes: int  #: the maximum number of entries of its attribute pool, which only grows


UNLIMITED = PadLimits(1 << 53, 1 << 53)


def pad_limits(settings: PadSettings) -> PadLimits:
    return PadLimits(settings.max_pad_length, settings.max_pad_attributes)


def most_bytes(submission: Submission) -> int:
    """Returns a number of bytes that the encoded submission does not exceed. Each character
    takes at most four, and what surrounds a text or a number at most nine."""
    units = len(submission.pad) + len(submission.author) + len(submission.changeset)
    units += len(submission.reign) + len(submission.origin.session)
    texts = 5
    for key, value in submission.pool["numToAttrib"].values():
        units += len(key) + len(value)
        texts += 2
    return 4 * units + 27 * texts + 200


def check(entry: Entry, size: int, limits: PadLimits) -> None:
    """Raises `EditTooLarge` if an entry is too large. `size` is the number of bytes of the encoded
    entry."""
    match entry:
        case Submission():
            header = _HEADER.match(entry.changeset)
            units = int(header[1], 36) + int(header[2], 36) if header else 0
            attributes = len(entry.pool.get("numToAttrib", ()))
        case Creation():
            units, attributes = len(entry.text), 0
        case _:
            units = attributes = 0
    if units > limits.units:
        raise too_long(units, limits)
    if attributes > limits.attributes:
        raise too_many(attributes, limits)
    if isinstance(entry, Submission) and size > MOST_OPERATIONS:
        operations = count_ops(entry.changeset)
        if operations > MOST_OPERATIONS:
            raise EditTooLarge(
                f"the edit has {operations:,} operations, of {MOST_OPERATIONS:,} at most: make "
                "several of it"
            )
    if size > LARGEST_BYTES:
        raise EditTooLarge(
            f"the edit takes {size:,} bytes, of {LARGEST_BYTES:,} at most: make several of it"
        )


def too_long(units: int, limits: PadLimits) -> EditTooLarge:
    return EditTooLarge(
        f"the pad would have {units:,} UTF-16 code units, of {limits.units:,} at most"
    )


def too_many(attributes: int, limits: PadLimits) -> EditTooLarge:
    return EditTooLarge(
        f"the pad would have {attributes:,} attributes, of {limits.attributes:,} at most"
    )
