"""This module defines the errors that a cold store may raise."""


class StoreAway(OSError):
    """The cold store does not answer, or not in time, but may do so a moment later. This is an
    OSError, so that `UNREACHABLE` lists it and a client that waits for a pad is asked to come
    again."""


class StoreFull(StoreAway):
    """The cold store accepts no more data at present. What is in it can still be read."""


class Overwritten(Exception):
    """What is stored is not what was to be replaced: another process has written or deleted it
    since it was looked at. Nothing was changed. The caller has to look again."""


class WrittenThere(Exception):
    """An Etherpad, which is no part of the fleet, has written on the pad in the store, and what was
    to be appended is not built on that. Nothing was changed, and nothing may be: write-behind reads
    the pad, and keeps what the fleet has under another name."""
