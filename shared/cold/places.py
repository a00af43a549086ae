"""Where a pad is, and who may do what with it: pure.

A pad is in Redis (*hot*) or in the cold store (*cold*), or on its way. Each place alone can be
wrong about it, since a fail-over takes back what Redis has said, so it is told from what both say:

    Redis            cold store   place
    has it           anything     hot
    was deleted      anything     deleted
    nothing          nothing      nowhere
    nothing          frozen       cold
    nothing, trace   live         moving
    nothing          live         lost

What keeps this true is the order of the steps. Commits are made in Redis alone, so whoever is about
to let them be made says so in the cold store *before* (``live``), and whoever has ended them says
so there *after* (``frozen``). Between the two a trace stands in Redis: that the pad is on its way,
and under which reign; it falls with the step that ends it.

    thaw     trace -> mark live -> into Redis, which takes the trace away
    freeze   append, live -> out of Redis, which puts a trace there -> mark frozen -> trace away

So ``live`` without the pad, and without a trace of it under this reign, is a pad that was in Redis
and is not any more: what was written since the last append is lost. It is brought back all the
same, with an entry in its record of reigns: who had seen more than the store has is told to reload
(I5), and a metric and the log say from which revision on.
"""

from enum import StrEnum
from typing import NamedTuple

from padfleet.shared.cold.pads import ColdHead
from padfleet.shared.log.pad.moving import Trace, Whereabouts


class PadPlace(StrEnum):
    """Where a pad is."""

    HOT = "hot"
    DELETED = "deleted"
    NOWHERE = "nowhere"
    COLD = "cold"
    MOVING = "moving"
    LOST = "lost"


def place_of(here: Whereabouts, cold: ColdHead | None) -> PadPlace:
    """From what Redis says, read first, and what the cold store says, read after."""
    if here.head is not None:
        return PadPlace.HOT if here.head >= 0 else PadPlace.DELETED
    if cold is None:
        return PadPlace.NOWHERE
    if cold.mark == "frozen":
        return PadPlace.COLD
    return PadPlace.MOVING if _has_not_been_here(here, cold) else PadPlace.LOST


def _has_not_been_here(here: Whereabouts, cold: ColdHead) -> bool:
    """Whether the trace says that nobody can have written on the pad since it was put there: it is
    of this pad, and Redis has not been another, or an earlier one, since. Whatever has been added
    to the store meanwhile was read in Redis before (by a writer whose lease is over)."""
    trace = Trace.from_text(here.trace)
    if trace is None or trace.way == "lost":
        return False
    return (trace.epoch, trace.reign) == (cold.epoch, here.reign)


class Due(NamedTuple):
    """What is to be brought to the cold store of a pad."""

    first: int  #: from this revision on
    lost: range  #: revisions that the store has and the pad has not, any more


def due(epoch: int, head: int, cold: ColdHead | None, common: int | None = None) -> Due:
    """What a pad in Redis, at `head` of `epoch`, has more than the cold store. `common` is the last
    revision that both have, where their chains differ or the store is ahead; None: they do not.

    Redis is right where both differ: it is what people see. What it has lost in a fail-over, and
    the store has, goes from the store too, and is told.
    """
    if cold is None or cold.epoch != epoch:
        return Due(0, range(0))
    if common is not None:
        return Due(common + 1, range(common + 1, cold.head + 1))
    return Due(min(cold.head, head) + 1, range(head + 1, cold.head + 1))


def may_freeze(
    *, even: bool, people: int, quiet_ms: int, edited_ms: int, opened: bool, after_ms: int
) -> bool:
    """Whether it is time for a pad to leave Redis. The script that takes it out looks again.

    Arguments:
        even: the cold store has all of it.
        quiet_ms: since somebody was found on it.
        edited_ms: since its newest revision.
        opened: it was made by opening it, and goes away by itself if nobody writes in it.
    """
    return even and not people and not opened and quiet_ms >= after_ms and edited_ms >= after_ms
