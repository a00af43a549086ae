"""USER_CHANGES and PAD_DELETE: what goes to the writer."""

import asyncio
import logging
from time import perf_counter
from typing import Any

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.legacy import put_author_on_inserts
from padfleet.shared.easysync import AttributePool, EasysyncError
from padfleet.shared.easysync.effort import count_ops
from padfleet.shared.log.inbox import InboxWriter, NotTaken
from padfleet.shared.log.limits import EditTooLarge
from padfleet.shared.log.records import Deletion, Outcome, Submission

log = logging.getLogger(__name__)

MOST_OPS = 20_000
"""Operations of one changeset: a pasted text has one or two for each of its lines."""

MOST_OPS_TO_COMPLETE = 5_000
"""Of one that the worker itself goes through, for a client from before (`legacy`): 20 ms."""


class Commits:
    """Brings a session's changes to the writer, and its answer back to the client."""

    def __init__(self, inbox: InboxWriter) -> None:
        self._inbox = inbox

    async def submit(self, room: Room, session: Session, data: dict[str, Any]) -> None:
        """Returns when the client has been answered: ACCEPT_COMMIT, `{disconnect}`, or, where
        nothing can be said for sure, a broken connection from which it resumes."""
        try:
            base_rev, changeset, pool = _parse(data)
            if session.adds_author:
                if count_ops(changeset) > MOST_OPS_TO_COMPLETE:
                    raise ValueError(f"more than {MOST_OPS_TO_COMPLETE:,} operations at once")
                changeset, pool = put_author_on_inserts(changeset, pool, session.author)
        except (EasysyncError, ValueError) as error:
            log.warning("submission refused", extra={"pad": room.pad_id, "reason": str(error)})
            room.kick_and_say(session, "badChangeset")
            return
        session.has_built_on(base_rev)
        origin, answer = session.expect()
        submission = Submission(
            room.pad_id,
            origin,
            session.order,
            session.epoch,
            session.author,
            base_rev,
            changeset,
            pool.to_jsonable(),
            room.reign,
        )
        started = perf_counter()
        outcome = await self._answer(room, session, submission, answer)
        metrics.APPLY_SECONDS.observe(perf_counter() - started)
        if outcome is not None and outcome.kind == "refused":
            room.kick_and_say(session, outcome.reason)
        elif outcome is not None and outcome.kind == "superseded":
            # A later session has taken over, of this author or of nobody: a join that was called
            # again after a time-out may have left a fence before the session that came of it. Its
            # client waits for an answer either way, and gets one when it comes again.
            session.drop("superseded")

    async def delete(self, room: Room, session: Session, *, allowed: bool) -> Outcome | None:
        """None: the pad is gone (everybody has been told), or the connection has been broken.
        Unless it is `allowed` by other means, only the pad's creator may."""
        origin, answer = session.expect()
        deletion = Deletion(room.pad_id, origin, session.author, allowed)
        return await self._answer(room, session, deletion, answer)

    async def _answer(
        self,
        room: Room,
        session: Session,
        entry: Submission | Deletion,
        answer: "asyncio.Future[Outcome | None]",
    ) -> Outcome | None:
        """What the writer says to an entry; None if a revision came of it, or if the session has
        left and nobody waits for it any more."""
        try:
            if not await self._inbox.settle(entry, answer):
                await self._catch_up(room, session)
            if answer.done():
                return None if answer.cancelled() else answer.result()
            log.warning("no answer to a submission", extra={"pad": room.pad_id})
        except EditTooLarge as error:
            log.warning("submission refused", extra={"pad": room.pad_id, "reason": str(error)})
            session.pending.pop(entry.origin.seq, None)
            return Outcome(entry.origin, "refused", -1, "badChangeset", str(error))
        except NotTaken as error:
            log.warning("submission not taken", extra={"pad": room.pad_id, "error": str(error)})
        session.pending.pop(entry.origin.seq, None)
        session.drop("unanswered")
        return None

    async def _catch_up(self, room: Room, session: Session) -> None:
        """The answer got lost on the way. A revision is in the stream, and reaches the session from
        there; a refusal is nowhere, but the client will get it again when it resumes."""
        await room.resync.done()
        await room.sent(session, room.feed.head)


def _parse(data: dict[str, Any]) -> tuple[int, str, AttributePool]:
    """Raises ValueError or EasysyncError, naming what is missing or wrong."""
    base_rev, changeset, apool = data.get("baseRev"), data.get("changeset"), data.get("apool")
    if isinstance(base_rev, float) and base_rev.is_integer():
        base_rev = int(base_rev)
    if type(base_rev) is not int or abs(base_rev) > 1 << 53:
        raise ValueError("missing or invalid baseRev")
    if not isinstance(changeset, str):
        raise ValueError("missing or invalid changeset")
    if count_ops(changeset) > MOST_OPS:
        raise ValueError(f"more than {MOST_OPS:,} operations in one changeset")
    # Read here, so that what enters the inbox is known to be an attribute pool and no more.
    return base_rev, changeset, AttributePool.from_jsonable(apool)
