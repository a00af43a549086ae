"""Defines how the writer's answer to a submission reaches whoever waits for it."""

import asyncio
from typing import Protocol

from padfleet.shared.log.outcomes import Outcome


class SubmissionAnswer(Protocol):
    """Receives the answer to one submission, once. Neither method may raise, or take more than a
    moment: they are called in the middle of a flush."""

    def answered(self, outcome: Outcome | None) -> None:
        """Takes the writer's answer. None means that the submission became a revision,
        which has been sent."""

    def abandoned(self) -> None:
        """Learns that the session has left before the answer came."""


class AwaitedAnswer:
    """An answer that somebody awaits as a future; it is cancelled if the session leaves."""

    __slots__ = ("future",)

    def __init__(self) -> None:
        self.future: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()

    def answered(self, outcome: Outcome | None) -> None:
        if not self.future.done():
            self.future.set_result(outcome)

    def abandoned(self) -> None:
        self.future.cancel()
