"""This module defines the answer to an inbox entry that made no revision, and the reasons that it
may have."""

from typing import Literal, NamedTuple

from padfleet.shared.log.records import Origin

CREATED = "created"
"""The reason in the outcome of the `Creation` that has made the pad."""


OVERTAKEN = "overtaken"
"""The reason for refusing a `Deletion` that was meant for another revision."""


AWAY = "away"
"""The reason for refusing an entry whose pad was unavailable at that moment. The sender may try
again."""

REJECTED = "rejected"
"""The reason for refusing a submission that is based on a revision which no longer exists.
Etherpad's page then asks the user to reload."""


class Outcome(NamedTuple):
    """What became of an inbox entry that made no revision.

    The kinds are: ``accepted``, at `rev`, without changing the pad; ``refused``, where `reason` is
    what Etherpad puts into `disconnect`, and `detail` is for the log; ``superseded``, because a
    later session of the author has taken over; and ``done``, which means that a fence, creation or
    deletion has been carried out.
    """

    origin: Origin
    kind: Literal["accepted", "refused", "superseded", "done"]
    rev: int
    reason: str = ""
    detail: str = ""
