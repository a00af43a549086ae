"""What may go wrong at a cold store."""


class StoreAway(OSError):
    """The cold store does not answer, or not in time: it may a moment later. An OSError, so that
    `UNREACHABLE` lists it and whoever waits for a pad is asked to come again."""


class StoreFull(StoreAway):
    """The cold store takes nothing more at present. What is in it can be read."""


class Overwritten(Exception):
    """What is there is not what was to be replaced: somebody has written, or deleted, since it was
    looked at. Nothing was changed. Look again."""
