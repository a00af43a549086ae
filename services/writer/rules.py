"""What a USER_CHANGES must fulfil to be rebased at all.

The rules are those that Etherpad's server enforces (3.3.1), so that a client which works there
works here, and what is refused there is refused here.
"""

from padfleet.shared.bounds import OutOfBounds, check_attributes
from padfleet.shared.easysync import (
    AttributePool,
    EasysyncError,
    attribs_of,
)
from padfleet.shared.easysync.changeset import checked_ops
from padfleet.shared.easysync.errors import shown
from padfleet.shared.log.authors import SYSTEM_AUTHOR as SYSTEM_AUTHOR


class SubmissionRefused(Exception):
    """The submission cannot become a revision. The text says why, for the log."""


def check_submission(
    changeset: str,
    wire_pool: AttributePool,
    author: str,
    pad_pool: AttributePool,
    *,
    for_others: bool = False,
) -> None:
    """Raises `SubmissionRefused` unless the changeset is canonical and claims no other author's
    work, which is allowed `for_others` only."""
    try:
        check_attributes(wire_pool.pairs())
        for op in checked_ops(changeset):
            # Also makes sure that every attribute number is in the pool.
            attribs = attribs_of(op.attribs, wire_pool)
            _check_author(op.opcode, attribs, author, pad_pool, for_others)
    except (EasysyncError, OutOfBounds) as error:
        raise SubmissionRefused(str(error)) from error


def _check_author(
    opcode: str, attribs: dict[str, str], author: str, pad_pool: AttributePool, for_others: bool
) -> None:
    claimed = attribs.get("author")
    if not claimed:
        if opcode == "+":
            # Text without an author leaves text and attributes out of step for later readers.
            raise SubmissionRefused("an insert carries no author attribute")
        return
    if for_others:
        return
    if claimed == SYSTEM_AUTHOR:
        raise SubmissionRefused(f"the author attribute is the reserved {SYSTEM_AUTHOR}")
    if claimed == author:
        return
    # Undo of "clear authorship" gives text back to its authors, so a keep may name those who have
    # written here. A '-' may not, although its attributes change nothing: they would enter the
    # pool, and thereby make an author "known".
    if opcode != "=":
        raise SubmissionRefused(f"{author} submits a {opcode!r} as {shown(claimed)}")
    if pad_pool.find("author", claimed) < 0:
        raise SubmissionRefused(
            f"{author} gives text to {shown(claimed)}, who has never written here"
        )
