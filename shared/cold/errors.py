"""What may go wrong at a cold store."""


class StoreAway(OSError):
    """The cold store does not answer, or not in time: it may a moment later. An OSError, so that
    `UNREACHABLE` lists it and whoever waits for a pad is asked to come again."""


class StoreFull(StoreAway):
    """The cold store takes nothing more at present. What is in it can be read."""


class Overwritten(Exception):
    """What is there is not what was to be replaced: somebody has written, or deleted, since it was
    looked at. Nothing was changed. Look again."""


class WrittenThere(Exception):
    """Somebody who is no part of the fleet, an Etherpad, has written on the pad in the store, and
    what was to be appended is not built on that. Nothing was changed, and nothing may be: whoever
    writes behind reads the pad, and keeps what the fleet has beside it."""
