"""Records what is done, and how it ended."""

import getpass
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from padfleet.shared.log.changes.edits import EditRefusal, Missing, Unanswered
from padfleet.shared.log.connection.connect import Redis
from padfleet.shared.log.damage import CorruptPad
from padfleet.shared.log.fleet import audit
from padfleet.shared.log.fleet.audit import DeedOutcome, Doer
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.pad.staging import PadExists, ServerMoved, WrittenOn

REFUSED = (Missing, PadExists, ServerMoved, WrittenOn, EditRefusal, CorruptPad)
"""The errors that mean that a pad was left as it is, for any caller and any deed."""


@asynccontextmanager
async def noted(
    redis: Redis,
    doer: Doer,
    deed: str,
    subject: str,
    *,
    refusals: Sequence[type[Exception]] = (),
    **details: Any,
) -> AsyncIterator[dict[str, Any]]:
    """Surrounds one deed, and records it when it has ended, however it has.

    Arguments:
        deed: what is done, such as ``delete``.
        subject: the pad, group or author to which it is done.
        refusals: errors, in addition to `REFUSED`, that mean that nothing has been done.
        details: anything else to record; the block may add what it finds out to the mapping.
    """
    outcome: DeedOutcome = "unknown"
    why = "it was broken off"
    try:
        yield details
        outcome, why = "done", ""
    except Exception as error:
        outcome, why = outcome_of(error, refusals), str(error) or type(error).__name__
        raise
    finally:
        await audit.write(redis, audit.entry(doer, deed, subject, outcome, why, details))


def outcome_of(error: Exception, refusals: Sequence[type[Exception]] = ()) -> DeedOutcome:
    """Returns how a deed ended that raised this error."""
    if isinstance(error, (*REFUSED, *refusals)):
        return "refused"
    if isinstance(error, (Unanswered, NotTaken, TimeoutError)):
        return "unknown"
    return "failed"


def this_command() -> Doer:
    """Returns the user who runs a command here."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        account = str(os.getuid())
    before = os.environ.get("SUDO_USER", "")
    who = f"{account} ({before})" if before and before != account else account
    return Doer("command", who, "Redis", socket.gethostname())
