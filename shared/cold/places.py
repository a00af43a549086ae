"""This module decides where a pad is, and which process may do what with it. It is pure.

A pad is in Redis (*hot*) or in the cold store (*cold*), or on its way. Each place alone can be
wrong about it, since a fail-over takes back what Redis has said, so the decision is made from what
both say:

    Redis            cold store   place
    has it           anything     hot
    was deleted      anything     deleted
    nothing          nothing      nowhere
    nothing          frozen       cold
    nothing, a move  live         moving
    nothing          live         lost
    a witness        less         gone back

The order of the steps keeps this true. Commits are made in Redis alone, so a process that is about
to allow them says so in the cold store *before* (``live``), and a process that has ended them says
so there *after* (``frozen``). Between the two, the note of a move in Redis says that the pad is on
its way, and under which reign; the step that ends the move removes the note.

    thaw     note -> mark live -> into Redis, which takes the note away
    freeze   append, live -> out of Redis, which puts a note there -> mark frozen -> note away

So ``live`` without the pad, and without a move of it under this reign, means that the pad was in
Redis and no longer is: what was written since the last append is lost. The pad is brought back all
the same, with an entry in its record of reigns: clients that had seen more than the store has are
told to reload (I5), and a metric and the log say from which revision on.

The step that takes a pad out of Redis leaves a witness there of what the store has by then, and the
step that puts the pad back removes it. A store that has less than that has *gone back*: it was
restored from a backup, or answers from a copy that lags behind. The pad is left as it is, until the
store has what it had, or an operator accepts what it has. The rest is lost then, as with Redis.
"""

from enum import StrEnum
from typing import NamedTuple

from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.pad.moving import PadMove, Whereabouts
from padfleet.shared.log.pad.witness import MOST_EDITION, MOST_EPOCH, Witness


class PadPlace(StrEnum):
    """Where a pad is."""

    HOT = "hot"
    DELETED = "deleted"
    NOWHERE = "nowhere"
    COLD = "cold"
    MOVING = "moving"
    LOST = "lost"
    WENT_BACK = "went back"


def place_of(here: Whereabouts, cold: ColdHead | None) -> PadPlace:
    """Returns where a pad is, given what Redis says, which is read first, and what the cold store
    says, which is read after it."""
    if here.head is not None:
        return PadPlace.HOT if here.head >= 0 else PadPlace.DELETED
    had = here.witness
    if cold is None:
        return PadPlace.NOWHERE if had is None or had.accepted else PadPlace.WENT_BACK
    if had is not None and _has_less(cold, had):
        return PadPlace.LOST if had.accepted else PadPlace.WENT_BACK
    if cold.mark == "frozen":
        return PadPlace.COLD
    return PadPlace.MOVING if _has_not_been_here(here, cold) else PadPlace.LOST


def _has_less(cold: ColdHead, had: Witness) -> bool:
    """Returns whether the store lacks something of a pad that it had when the pad left Redis, as
    far as the heads tell. More is nothing unusual: a fail-over may have taken back the newest
    witness, and an Etherpad may have written in its database."""
    if min(cold.epoch, MOST_EPOCH) != had.epoch:
        return cold.epoch < had.epoch
    if min(cold.edition, MOST_EDITION) < had.edition:
        return True
    if cold.head != had.head:
        return cold.head < had.head
    # An Etherpad's records have no chain.
    return bool(cold.chain) and not had.has_chain(cold.chain)


def _has_not_been_here(here: Whereabouts, cold: ColdHead) -> bool:
    """Returns whether the move proves that nobody can have written on the pad since the move was
    put there: it is of this pad, and Redis has not been replaced by another, or reverted to an
    earlier state, since. Anything that was added to the store meanwhile had been read in Redis
    before, by a writer whose lease is over."""
    move = PadMove.from_text(here.move)
    if move is None or move.way == "lost":
        return False
    return (move.epoch, move.reign) == (cold.epoch, here.reign)


class Due(NamedTuple):
    """What has to be brought to the cold store of a pad."""

    first: int  #: the revision to begin with
    lost: range  #: revisions that the store has and the pad no longer has


def due(epoch: int, head: int, cold: ColdHead | None, common: int | None = None) -> Due:
    """Returns what a pad in Redis, at `head` of `epoch`, has that the cold store lacks. `common` is
    the last revision that both have, if their chains differ or the store is ahead; otherwise it is
    None.

    Redis is right where the two differ: it is what people see. Revisions that Redis lost in a
    fail-over are removed from the store too, and this is reported.
    """
    if cold is None or cold.epoch != epoch:
        return Due(0, range(0))
    if common is not None:
        return Due(common + 1, range(common + 1, cold.head + 1))
    return Due(min(cold.head, head) + 1, range(head + 1, cold.head + 1))


def may_freeze(
    *, even: bool, people: int, quiet_ms: int, edited_ms: int, opened: bool, after_ms: int
) -> bool:
    """Returns whether it is time for a pad to leave Redis. The script that takes the pad out checks
    again. This function is pure.

    Arguments:
        even: whether the cold store has all of the pad.
        people: how many people are on it.
        quiet_ms: the time since somebody was last found on it, in ms.
        edited_ms: the time since its newest revision, in ms. It is negative if the clock of whoever
            wrote that was ahead: if by more than a moment, it says nothing, since the pad would
            stay until the clocks have come that far, which may take years.
        opened: whether the pad was created by opening it, and disappears by itself if nobody writes
            in it.
        after_ms: for how long nobody may have been on the pad or edited it before it leaves, in ms.
    """
    if not even or people or opened or quiet_ms < after_ms:
        return False
    return abs(edited_ms) >= after_ms
