"""What is kept of an error that a client is told."""

from __future__ import annotations

from padfleet.services.fanout.errors import WrongType, prefixed
from tests.collector import Held, forgets


async def test_nothing_is_kept_of_a_message_that_is_refused() -> None:
    """The error that names the type of the message referred to the frame that had made it, which
    referred to the error."""

    async def refuse(_held: Held) -> None:
        with prefixed("COLLABROOM"), prefixed("USER_CHANGES"):
            raise WrongType("no changeset")

    await forgets(refuse, WrongType)
