"""Defines what a USER_CHANGES must satisfy to be rebased at all.

The rules are those that Etherpad's server enforces (3.3.1), so that a client that works there works
here, and whatever is refused there is refused here.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from padfleet.shared.bounds import OutOfBounds, check_attributes
from padfleet.shared.easysync import (
    AttributePool,
    EasysyncError,
    attribs_of,
)
from padfleet.shared.easysync.changeset import checked_ops
from padfleet.shared.easysync.errors import shown
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.people.author_records import SYSTEM_AUTHOR as SYSTEM_AUTHOR


class SubmissionRefused(Exception):
    """The submission cannot become a revision. The text says why, for the log."""


def wire_pool_of(submission: Submission) -> AttributePool:
    """Returns the attributes that a submission brings, within bounds, for reading only. Raises
    `SubmissionRefused`, or `EasysyncError` if they are not a pool."""
    author = submission.author
    if brings_its_author_only(submission.pool, author) and (pool := _own_pool(author)) is not None:
        return pool
    pool = AttributePool.from_jsonable(submission.pool)
    try:
        check_attributes(pool.pairs())
    except OutOfBounds as error:
        raise SubmissionRefused(str(error)) from error
    return pool


def pool_of_typing(submission: Submission) -> AttributePool | None:
    """Returns the attributes of a submission if they are its author, and it may type as that
    author: then it `is plain`, as `check_submission` says, if its only attribute is ``*0``.
    Otherwise returns None."""
    author = submission.author
    if not author or author == SYSTEM_AUTHOR or not brings_its_author_only(submission.pool, author):
        return None
    return _own_pool(author)


def brings_its_author_only(pool: Mapping[str, Any], author: str) -> bool:
    """Returns whether the pool is that of plain typing, as nearly all are."""
    numbers, next_num = pool.get("numToAttrib"), pool.get("nextNum")
    return (
        type(next_num) is int
        and next_num == 1
        and type(numbers) is dict
        and len(numbers) == 1
        and numbers.get("0") == ["author", author]
    )


@lru_cache(maxsize=4096)
def _own_pool(author: str) -> AttributePool | None:
    """Returns the pool that comes with each edit of an author who types, or None if it is out of
    bounds."""
    pool = AttributePool()
    pool.put("author", author)
    try:
        check_attributes(pool.pairs())
    except OutOfBounds:
        return None
    return pool


def check_submission(
    changeset: str,
    wire_pool: AttributePool,
    author: str,
    pad_pool: AttributePool,
    *,
    for_others: bool = False,
) -> bool:
    """Raises `SubmissionRefused` unless the changeset is canonical and claims no other author's
    work, which is allowed `for_others` only. Returns whether it is plain: its only attribute is the
    author, as ``*0``."""
    own = _number_of_own(wire_pool, author)
    plain = True
    try:
        for op in checked_ops(changeset):
            if op.attribs == own or (not op.attribs and op.opcode != "+"):
                continue  # plain typing, and operations that claim nothing
            plain = False
            # Also makes sure that every attribute number is in the pool.
            attribs = attribs_of(op.attribs, wire_pool)
            _check_author(op.opcode, attribs, author, pad_pool, for_others)
    except EasysyncError as error:
        raise SubmissionRefused(str(error)) from error
    return plain


def _number_of_own(wire_pool: AttributePool, author: str) -> str:
    """Returns the attributes of text that the author has typed, or "none" if a closer look is
    needed."""
    if not author or author == SYSTEM_AUTHOR or not wire_pool.has(0):
        return "none"
    return "*0" if wire_pool.get(0) == ("author", author) else "none"


def _check_author(
    opcode: str, attribs: dict[str, str], author: str, pad_pool: AttributePool, for_others: bool
) -> None:
    claimed = attribs.get("author")
    if not claimed:
        if opcode == "+":
            # Text without an author would leave text and attributes out of step for later readers.
            raise SubmissionRefused("an insert carries no author attribute")
        return
    if for_others:
        return
    if claimed == SYSTEM_AUTHOR:
        raise SubmissionRefused(f"the author attribute is the reserved {SYSTEM_AUTHOR}")
    if claimed == author:
        return
    # Undoing "clear authorship" gives text back to its authors, so a keep may name people who have
    # written here. A '-' may not, although its attributes change nothing: they would enter the
    # pool, and thereby make an author "known".
    if opcode != "=":
        raise SubmissionRefused(f"{author} submits a {opcode!r} as {shown(claimed)}")
    if pad_pool.find("author", claimed) < 0:
        raise SubmissionRefused(
            f"{author} gives text to {shown(claimed)}, who has never written here"
        )
