"""This module prepares revisions for moving changesets over them (see `fast_rebase`)."""

from __future__ import annotations

from typing import Final, NamedTuple

from padfleet.shared.easysync.edit_script import NO_RANK, EditScript, Splice

NOWHERE: Final = 1 << 60
"""A position beyond the end of any text."""


class EditStep(NamedTuple):
    """A revision as it is seen from elsewhere in the document. Its splices matter only where it is
    met."""

    start: int  #: what it touches, `[start, end]`, in the document before it
    end: int
    shift: int  #: by how much it moves what is after that
    newlines: int  #: how many newlines it adds before that
    rank: int  #: if it does nothing but insert, at one place: see `insert_rank`. Else `NO_RANK`
    changeset: str
    splices: tuple[Splice, ...] | None  #: None if nothing can be moved over it


def step_of(changeset: str, patches: EditScript) -> EditStep:
    """Returns the step over a revision; `patches` are what it did to the document before it."""
    if not patches.patches:
        return EditStep(NOWHERE, NOWHERE, 0, 0, NO_RANK, changeset, ())
    if not patches.even:
        return EditStep(0, NOWHERE, 0, 0, NO_RANK, changeset, None)
    start, end = patches.patches[0].start, patches.patches[-1].end
    splices = tuple(patches.splices)
    if len(splices) == 1:  # as when something is typed
        (only,) = splices
        rank = only.rank if start == end else NO_RANK
        return EditStep(start, end, only.shift, only.newlines, rank, changeset, splices)
    return EditStep(
        start,
        end,
        sum([splice.shift for splice in splices]),
        sum([splice.newlines for splice in splices]),
        NO_RANK,
        changeset,
        splices,
    )
