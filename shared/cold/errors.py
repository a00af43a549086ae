"""This module defines the errors that a cold store may raise, and what each means for people and
operators."""

from typing import ClassVar

_CLOSED = (
    "until then, open pads go on and nothing is lost, but no other pad can be opened, and none "
    "leaves Redis"
)


class StoreAway(OSError):
    """The cold store does not answer, or not in time, but may do so a moment later. This is an
    OSError, so that `UNREACHABLE` lists it and a client that waits for a pad is asked to come
    again."""

    advice: ClassVar[str] = (
        "see whether it runs, and whether this machine reaches it (its name, port and firewalls)"
    )
    """What an operator can do."""
    meanwhile: ClassVar[str] = _CLOSED
    """What this means for people until that is done."""
    heals: ClassVar[bool] = True
    """Whether it may pass by itself."""


class StoreSlow(StoreAway):
    """The cold store does what it is asked, but takes so long that people notice. This is reported
    and never raised."""

    advice = "see what else keeps it busy, or take one that is nearer"
    meanwhile = "until then, whoever opens a pad that nobody has open waits for several such calls"


class StoreRefuses(StoreAway):
    """The cold store answers, but does not accept who is asking, or lets them do less than is
    needed."""

    heals = False
    advice = (
        "correct the credentials that this process is given, or give that user the rights to read, "
        "write, list and delete"
    )


class StoreMissing(StoreAway):
    """There is no such directory, bucket or database: it is misnamed, not made yet, or not mounted.
    It must not pass for a store without pads."""

    heals = False
    advice = (
        "correct PADFLEET_COLD_URL, or make what it names; a directory that was there before is "
        "probably on a disk that is not mounted"
    )


class StoreFull(StoreAway):
    """The cold store accepts no more data at present. What is in it can still be read."""

    heals = False
    advice = "make room, also by padfleet prune"
    meanwhile = (
        "until then, open pads go on and nothing is lost; other pads can be read and exported, but "
        "not joined, and none leaves Redis"
    )


class StoreReadOnly(StoreFull):
    """The cold store can be read, and takes nothing, however much room it has."""

    advice = "let it be written to: mount its disk with rw, or name the primary of a database"


class Overwritten(Exception):
    """What is stored is not what was to be replaced: another process has written or deleted it
    since it was looked at. Nothing was changed. The caller has to look again."""


class WrittenThere(Exception):
    """An Etherpad, which is no part of the fleet, has written on the pad in the store, and what was
    to be appended is not built on that. Nothing was changed, and nothing may be: write-behind reads
    the pad, and keeps what the fleet has under another name."""
