"""Defines what a session may have to be sent: each is one step of its way through a pad's
revisions."""

from typing import NamedTuple

from padfleet.shared.log.records import Revision


class NewChanges(NamedTuple):
    """One revision of somebody else."""

    revision: Revision

    @property
    def sent_rev(self) -> int:
        return self.revision.rev


class NewChangesBatch(NamedTuple):
    """Several revisions of others, in one message."""

    revisions: tuple[Revision, ...]

    @property
    def sent_rev(self) -> int:
        return self.revisions[-1].rev


class AcceptCommit(NamedTuple):
    """The session's own submission, at its place in the order.

    `changed` is False if the submission made no revision: then `rev` is the one before it.
    """

    rev: int
    changed: bool
    seq: int  #: which of the session's submissions

    @property
    def sent_rev(self) -> int:
        return self.rev


class Missed(NamedTuple):
    """A revision that a returning client has not seen, as CLIENT_RECONNECT."""

    revision: Revision
    head: int
    origin: str = ""  #: the session that it came from, if the client is to know
    nameless: bool = False  #: the client must not take it for its own

    @property
    def sent_rev(self) -> int:
        return self.revision.rev


Step = NewChanges | NewChangesBatch | AcceptCommit | Missed
