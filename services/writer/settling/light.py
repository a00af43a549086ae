"""Takes the entries of a batch that have nothing to wait for, in the turn of the event loop that
has read them.

Most entries are a few letters on a pad that is in memory. Nothing has to be read for them and
nothing is heavy, so they need no coroutine each, and no task for their partition. The first entry
that is different, and the rest of the batch after it, is left to `batch_processor`, which can
handle all kinds.
"""

import logging
import time
from collections.abc import Callable

from padfleet.services.writer import metrics
from padfleet.services.writer.pads.pad import SubmissionResult, WriterPad
from padfleet.services.writer.settling.batch import Batch
from padfleet.services.writer.storing.pad_batch import PadBatch
from padfleet.shared import tracing
from padfleet.shared.easysync.effort import TooMuchWork
from padfleet.shared.log.entries import Submission
from padfleet.shared.log.inboxes.heaviness import LIGHT_WORK, is_short
from padfleet.shared.log.inboxes.received import Received
from padfleet.shared.log.keys import PadKeys

log = logging.getLogger(__name__)


def take_light(
    batch: Batch,
    known: Callable[[str], WriterPad | None],
    keys_of: Callable[[str], PadKeys],
    is_over: Callable[[], bool],
) -> None:
    """Takes entries in order, until the batch is taken or one is not light.

    Arguments:
        known: returns the pad at its head, if it is in memory and exists.
        keys_of: returns the keys of a pad.
        is_over: returns whether the rest has to wait for another turn, however light it is.

    If our own code fails, the error is raised; the batch then has to start again.
    """
    now = int(time.time() * 1000)
    for received in batch.received[batch.taken :]:
        item = _item(batch, received, known, keys_of)
        if item is None or is_over():
            return
        entry = received.entry
        assert isinstance(entry, Submission)
        try:
            result = item.pad.submit(entry, now, work=LIGHT_WORK)
        except TooMuchWork:
            return
        except Exception:
            batch.work[entry.pad] = item  # whatever has become of the pad in memory is forgotten
            raise
        came_to(item, entry, result)
        batch.work[entry.pad] = item
        batch.weight += len(entry.changeset)
        batch.taken += 1


def _item(
    batch: Batch,
    received: Received,
    known: Callable[[str], WriterPad | None],
    keys_of: Callable[[str], PadKeys],
) -> PadBatch | None:
    """Returns the work on an entry's pad, with what has been done to it already; None if it is not
    light."""
    entry = received.entry
    if (
        type(entry) is not Submission
        or not is_short(entry)
        or tracing.chosen(entry.origin) is not None
        or entry.pad in batch.refused
    ):
        return None
    item = batch.work.get(entry.pad)
    if item is not None:
        pad = item.pad
        if item.unreadable or item.away:
            return None
    elif (found := known(entry.pad)) is not None and entry.epoch <= found.epoch:
        pad = found
        item = PadBatch(keys_of(entry.pad), pad, pad.head, pad.chain)
    else:
        return None
    return item if pad.oldest_needed(entry.base_rev) is None else None


def came_to(item: PadBatch, entry: Submission, result: SubmissionResult) -> None:
    """Adds the result of a submission."""
    item.revisions += result.revisions
    if (outcome := result.outcome) is None:
        metrics.ENTRIES.add("revision")
        return
    item.outcomes.append(outcome)
    metrics.ENTRIES.add(outcome.kind)
    if outcome.kind == "refused":
        log.warning(
            "submission refused",
            extra={"pad": entry.pad, "author": entry.author, "reason": outcome.detail},
        )
