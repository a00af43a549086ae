"""What is left when faults have struck: what may be lost since then, and what may be logged."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from padfleet.shared.log.fleet.agreement import NewerFormat
from tests.chaos.history import Rollback

HURT: Final = "hurt"
"""The pad whose keys are damaged. Nobody is served well there; all other pads have to be."""

LOST: Final = "pad lost in Redis, and brought back from the cold store"

WENT_BACK: Final = "left Redis at revision"
"""What is said of a pad of which the cold store has an older copy."""

OF_LOSSES: Final = (
    LOST,
    "told to reload",  # whoever comes late with a revision that nobody has any more
    "revisions in the cold store are missing in Redis",
    "history unavailable",  # the timeslider, in what was taken back while it read
)
"""Messages that are to be expected after history was taken back, however late."""

OF_DEATHS: Final = ("task failed, and is restarted", "task failed, and the process ends")
"""What supervisors log, and has to be expected after a task was made to die."""


@dataclass
class Aftermath:
    """What the faults of one run have done so far, as far as others have to know of it."""

    rollbacks: dict[str, list[Rollback]] = field(default_factory=lambda: defaultdict(list))
    """For each pad, the revisions that it was cut back to."""

    losses: int = 0  #: how often history may have been taken back
    split: bool = False  #: two servers take themselves for the primary: one's writes are lost
    damaged: bool = False  #: keys of the pad `HURT`
    killed_a_task: bool = False
    restarted: bool = False  #: a server, with or without its last writes
    was_full: bool = False  #: the cold store
    was_stale: bool = False  #: the cold store
    unaccepted: int = 0
    """How often the cold store has gone back without anybody having accepted that yet. What was
    deleted since exists again."""
    was_newer: bool = False  #: the format of what is stored

    def explains(self, record: logging.LogRecord) -> bool:
        """Returns whether this may be logged as an error, after the faults that have struck."""
        if self.damaged and HURT in f"{record.getMessage()} {vars(record)}":
            return True
        if record.msg == "cold store fails":
            return self.was_full
        if WENT_BACK in f"{record.getMessage()} {vars(record)}":
            return self.was_stale
        if record.msg == "pad not copied to the cold store":
            # The past of a pad that was just coming back was in the store alone.
            return self.was_stale
        if record.msg == "history rolled back":
            return bool(self.rollbacks)
        if record.exc_info and isinstance(record.exc_info[1], NewerFormat):
            return self.was_newer
        if record.msg in OF_DEATHS:
            return self.killed_a_task
        if record.msg == LOST and self.restarted:
            # Redis may have restarted after the pad had left it, and before the cold store was told
            # so. Nothing proves then that Redis still has its last writes, so it counts as lost.
            return True
        if record.msg in OF_LOSSES:
            return self.losses > 0 or self.was_stale
        return False
