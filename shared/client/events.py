"""This module has the events of a pad."""

from collections.abc import Sequence
from typing import NamedTuple


class Changed(NamedTuple):
    """A revision by somebody else has been applied.

    There is one such event for each revision, even if several came in one message. `changeset` is
    what the revision did to `text`, with attribute numbers of the collaborator's pool.
    """

    rev: int
    author: str
    changeset: str


class Accepted(NamedTuple):
    """The submission in flight has become part of the pad, at `rev`."""

    rev: int


class CursorsMoved(NamedTuple):
    """Others have moved their cursors, or no longer have one; see `Pad.cursors`."""

    rev: int  #: the newest revision that has arrived
    authors: Sequence[str]  #: whose cursors


Event = Changed | Accepted | CursorsMoved
"""The events of `Pad`."""
