"""This module has the seam between a worker and a writer that are one process, which is called a
node.

An edit of a node's own worker, on a pad whose partition the node's writer holds, need not be put
into an inbox and read from it again: the writer settles it at once, and its revision is in the log
before anybody is told of it. That saves two of three round trips to Redis. Nothing else changes. An
edit that is lost with the process before it has been committed has not been acknowledged either,
like one that has not reached its inbox.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from padfleet.shared.log.entries import Submission


class DirectEdit(NamedTuple):
    """A submission that may do without an inbox. Its session must not have another one under way,
    since no order is kept between those in an inbox and those that are not."""

    partition: int
    submission: Submission
    committed: Callable[[str], None]
    """Is told that the submission has been committed, or refused for good, with the position of the
    partition's inbox. All entries up to there are settled, and so is this one."""
    declined: Callable[[], None]
    """Is told that the submission has to go through the inbox after all. It may have been committed
    before, which the writer then finds out by its origin."""


class LocalWriter(Protocol):
    """The interface of a writer for the worker in its process."""

    def take(self, edit: DirectEdit) -> bool:
        """Takes an edit, and tells it later what has become of it. Returns False, and does nothing,
        if the edit has to go through its inbox. Does not wait for anything, and does not tell the
        edit anything before it has returned."""
