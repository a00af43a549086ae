"""This module sends to the writer what clients submit: USER_CHANGES and PAD_DELETE.

A submission is put into its inbox as soon as it has been read, without a pause, and is then
followed as an `EditUnderWay`. A task for each submission, with its futures and its time-out,
accounted for a third of the worker's effort for an edit. The answer arrives by way of the feed.
Only a submission that has to wait first, or is overdue, becomes a task.
"""

import asyncio
import logging
from collections import deque
from time import monotonic, perf_counter
from typing import Any

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.answers import AwaitedAnswer
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.turns import Turns
from padfleet.services.fanout.hub.room import Room
from padfleet.services.fanout.requests.legacy import put_author_on_inserts
from padfleet.services.fanout.transport.intake import Intake
from padfleet.shared.easysync import AttributePool, EasysyncError
from padfleet.shared.easysync.effort import count_ops
from padfleet.shared.log.connection.errors import reason_for_clients
from padfleet.shared.log.entries import Deletion, Submission
from padfleet.shared.log.inboxes.entry_lane import NotTaken
from padfleet.shared.log.inboxes.inbox import InboxWriter
from padfleet.shared.log.inboxes.limits import EditTooLarge
from padfleet.shared.log.inboxes.local import DirectEdit, LocalWriter
from padfleet.shared.log.outcomes import AWAY, REJECTED, Outcome
from padfleet.shared.log.records import Origin
from padfleet.shared.tasks import Tasks

log = logging.getLogger(__name__)

MOST_OPS = 20_000
"""How many operations one changeset may have. A pasted text has one or two for each line."""

MOST_OPS_TO_COMPLETE = 5_000
"""How many operations a changeset may have if the worker itself has to go through them for an old
client (`legacy`), which takes 20 ms."""


class EditUnderWay:
    """A submission that has been handed in. It is notified when it is in its inbox
    (`inbox.Receipt`), and of the writer's answer (`answers.SubmissionAnswer`)."""

    __slots__ = (
        "_answer",
        "_commits",
        "_intake",
        "_started",
        "entry",
        "entry_id",
        "is_over",
        "room",
        "session",
    )

    def __init__(
        self, commits: "Commits", intake: Intake, room: Room, session: Session, entry: Submission
    ) -> None:
        self._commits = commits
        self._intake = intake
        self._started = perf_counter()
        self._answer: AwaitedAnswer | None = None  #: set once it is overdue and looked after
        self.room = room
        self.session = session
        self.entry = entry
        self.entry_id = ""  #: its ID in its inbox; empty until it is known to be there
        self.is_over = False

    # --- From the writer in this process ---------------------------------------------------------

    def committed(self, position: str) -> None:
        self.entry_id = position  # it has been settled, as everything up to there
        self._has_gone()

    def declined(self) -> None:
        # Even if its session has left meanwhile: what was typed last is not to be lost.
        if not self._commits.put_in(self):
            self._commits.look_after(self)
        self._has_gone()

    def _has_gone(self) -> None:
        if self.session.turns is not None:
            self.session.turns.has_gone(self.entry)

    # --- From its inbox --------------------------------------------------------------------------

    def done(self) -> bool:
        return self.is_over or bool(self.entry_id)

    def set_result(self, entry_id: str) -> None:
        self.entry_id = entry_id

    def set_exception(self, error: Exception) -> None:
        log.warning("submission not taken", extra={"pad": self.room.pad_id, "error": str(error)})
        self.session.pending.pop(self.entry.origin.seq, None)
        self._ends()
        self.session.drop("unanswered", reason_for_clients(error))

    # --- From its session ------------------------------------------------------------------------

    def answered(self, outcome: Outcome | None) -> None:
        if self._answer is not None:
            self._answer.answered(outcome)
            return
        self._ends()
        metrics.APPLY_SECONDS.observe(perf_counter() - self._started)
        if outcome is not None:
            # This must not happen here, in the middle of whatever has brought the answer.
            loop = asyncio.get_running_loop()
            base_rev = self.entry.base_rev
            _ = loop.call_soon(drop_if_not_accepted, self.room, self.session, outcome, base_rev)

    def abandoned(self) -> None:
        if self._answer is not None:
            self._answer.abandoned()
        else:
            self._ends()

    # --- Overdue ---------------------------------------------------------------------------------

    async def look_after(self) -> None:
        """Follows the submission until it has been answered or can no longer be answered, and puts
        it into its inbox again if need be."""
        answer = self._answer = AwaitedAnswer()
        try:
            outcome = await self._commits.answer_to(
                self.room, self.session, self.entry, answer.future, self.entry_id
            )
        finally:
            self._ends()
        metrics.APPLY_SECONDS.observe(perf_counter() - self._started)
        if outcome is not None:
            drop_if_not_accepted(self.room, self.session, outcome, self.entry.base_rev)

    def _ends(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._intake.answered()


class Commits:
    """Brings a session's changes to the writer, and its answer back to the client."""

    def __init__(self, inbox: InboxWriter, local: LocalWriter | None = None) -> None:
        """Takes the way into inboxes, and the writer in this process, if there is one."""
        self._inbox = inbox
        self._local = local
        self._under_way: deque[tuple[float, EditUnderWay]] = deque()
        """The latest submissions, ordered by when they will be overdue. The first one is not over
        yet, so that what is over is kept no longer than what was submitted before it."""
        self._timer: asyncio.TimerHandle | None = None
        self._tasks = Tasks()

    def close(self) -> None:
        """Stops looking after submissions."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._tasks.close()

    def hand_in(self, room: Room, session: Session, data: dict[str, Any], intake: Intake) -> bool:
        """Sends a USER_CHANGES on its way without waiting for anything, and makes sure that the
        client is answered: by ACCEPT_COMMIT, by `{disconnect}`, or, where nothing can be said for
        sure, by a broken connection from which it resumes.

        Returns False, without having done anything, if there is something to wait for; `submit`
        serves it then. That includes an earlier edit of the session that the writer in this process
        has, and others that wait for it: an inbox would keep no order between them, and the writer
        would take whatever comes too late for a repetition.

        Arguments:
            intake: counts the submission as under way until it has been answered.
        """
        if session.turns is not None and session.turns.has_to_wait and session.pending:
            return False
        submission = _checked(room, session, data, session.next_origin)
        if submission is None:
            return True
        edit = EditUnderWay(self, intake, room, session, submission)
        try:
            if not (self._hand_over(edit) or self._inbox.offer(submission, edit)):
                return False
        except EditTooLarge as error:
            _refuse(room, session, error)
            return True
        session.expects(submission.origin, edit)
        intake.takes()
        under_way = self._under_way
        while under_way and under_way[0][1].is_over:
            under_way.popleft()
        under_way.append((monotonic() + self._inbox.look_after, edit))
        if self._timer is None:
            self._look_again()
        return True

    def _hand_over(self, edit: EditUnderWay) -> bool:
        """Hands an edit over to the writer in this process. Returns False, and does nothing, if
        there is none, or if the edit has to go through its inbox. Raises `EditTooLarge`."""
        if self._local is None or edit.session.pending or not self._inbox.is_plain(edit.entry):
            return False
        partition = self._inbox.keyspace.partition_of(edit.entry.pad)
        taken = self._local.take(DirectEdit(partition, edit.entry, edit.committed, edit.declined))
        if taken:
            if edit.session.turns is None:
                edit.session.turns = Turns()
            edit.session.turns.goes_ahead(edit.entry)
        return taken

    def put_in(self, edit: EditUnderWay) -> bool:
        """Puts an edit into its inbox that was handed over in vain. Returns False if it would have
        to wait."""
        return self._inbox.offer(edit.entry, edit)

    def look_after(self, edit: EditUnderWay) -> None:
        """Follows an edit that is overdue, or has something to wait for."""
        self._tasks.start(edit.look_after(), "overdue", pad=edit.room.pad_id)

    async def submit(self, room: Room, session: Session, data: dict[str, Any]) -> None:
        """Does what `hand_in` does, and returns when the client has been answered."""
        answer = AwaitedAnswer()
        submission = _checked(room, session, data, session.next_origin)
        if submission is None:
            return
        session.expects(submission.origin, answer)
        started = perf_counter()
        outcome = await self.answer_to(room, session, submission, answer.future)
        metrics.APPLY_SECONDS.observe(perf_counter() - started)
        if outcome is not None:
            drop_if_not_accepted(room, session, outcome, submission.base_rev)

    async def delete(self, room: Room, session: Session, *, allowed: bool) -> Outcome | None:
        """Deletes the pad. Unless the deletion is `allowed` by other means, only the pad's creator
        may delete it.

        Returns None if the pad is gone, which everybody on it has been sent, or if the connection
        has been broken; otherwise it returns the outcome that refuses the deletion.
        """
        origin, answer = session.expect()
        deletion = Deletion(room.pad_id, origin, session.author, allowed)
        return await self.answer_to(room, session, deletion, answer)

    async def answer_to(
        self,
        room: Room,
        session: Session,
        entry: Submission | Deletion,
        answer: "asyncio.Future[Outcome | None]",
        entry_id: str = "",
    ) -> Outcome | None:
        """Waits for the writer's answer to an entry. Returns None if the entry became a revision,
        or if the session has left and nobody waits for the answer any more.

        Arguments:
            entry_id: given for an entry that stands in its inbox already and is overdue.
        """
        reason = ""
        try:
            if session.turns is not None:
                await session.turns.come(entry)
            if entry_id:
                known = await self._inbox.follow(entry, answer, entry_id)
            else:
                known = await self._inbox.settle(entry, answer)
            if not known:
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
            reason = reason_for_clients(error)
        session.pending.pop(entry.origin.seq, None)
        session.drop("unanswered", reason)
        return None

    async def _catch_up(self, room: Room, session: Session) -> None:
        """Catches up after an answer got lost on the way. A revision is in the stream and reaches
        the session from there; a refusal is stored nowhere, but the client will receive it again
        when it resumes."""
        await room.resync.done()
        await room.sent(session, room.feed.head)

    def _look_again(self) -> None:
        """Looks after the submissions that are overdue, now and whenever the next one becomes
        overdue."""
        self._timer = None
        now, under_way = monotonic(), self._under_way
        for _ in range(len(under_way)):
            due, edit = under_way[0]
            if due > now and not edit.is_over:
                break
            under_way.popleft()
            if edit.is_over:
                continue
            if edit.entry_id:
                self.look_after(edit)
            else:
                # The inbox writer keeps trying to put it in, and gives up when its time is over.
                under_way.append((now + self._inbox.look_after, edit))
        if under_way:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, under_way[0][0] - now), self._look_again)


def drop_if_not_accepted(
    room: Room, session: Session, outcome: Outcome, base_rev: int = -1
) -> None:
    """Drops a session whose submission the writer has not accepted.

    Arguments:
        base_rev: the revision that the submission was made on, if it was made on one.
    """
    if outcome.kind == "refused" and outcome.reason == AWAY:
        # This is not final: the client comes back, and sends the submission again.
        session.drop("unanswered")
    elif outcome.kind == "refused" and (
        outcome.reason == REJECTED or _is_lost(session, outcome, base_rev)
    ):
        room.reject(session)
    elif outcome.kind == "refused":
        room.kick_and_announce(session, outcome.reason)
    elif outcome.kind == "superseded":
        # A later session of this author has taken over, or none has: a join that was repeated
        # after a time-out may have left a fence that is older than the session it led to. Either
        # way the client is waiting for an answer, and receives one when it comes back.
        session.drop("superseded")


def _is_lost(session: Session, outcome: Outcome, base_rev: int) -> bool:
    """Returns whether the client was sent the revision that it has built on, and the writer has no
    more than those before it. A server that is emptied goes on under the reign that it had, so a
    writer that reads the pad from a cold store cannot tell. (An outcome without a revision is of a
    submission that nobody has held against the pad.)"""
    is_bad = outcome.reason == "badChangeset"
    return is_bad and 0 <= outcome.rev < base_rev <= session.cursor.sent_rev


def _checked(
    room: Room, session: Session, data: dict[str, Any], origin: Origin
) -> Submission | None:
    """Returns the submission that a USER_CHANGES asks for, or None if it is refused, in which case
    the session has been sent the refusal."""
    try:
        base_rev, changeset = _parse(data)
        if session.adds_author:
            if count_ops(changeset) > MOST_OPS_TO_COMPLETE:
                raise ValueError(f"more than {MOST_OPS_TO_COMPLETE:,} operations at once")
            changeset, complete = put_author_on_inserts(
                changeset, AttributePool.from_jsonable(data.get("apool")), session.author
            )
            pool = complete.to_jsonable()
        else:
            pool = session.pools.read(data.get("apool"))
    except (EasysyncError, ValueError) as error:
        _refuse(room, session, error)
        return None
    session.has_built_on(base_rev)
    return Submission(
        room.pad_id,
        origin,
        session.order,
        session.epoch,
        session.author,
        base_rev,
        changeset,
        pool,
        room.reign,
    )


def _refuse(room: Room, session: Session, error: Exception) -> None:
    log.warning("submission refused", extra={"pad": room.pad_id, "reason": str(error)})
    room.kick_and_announce(session, "badChangeset")


def _parse(data: dict[str, Any]) -> tuple[int, str]:
    """Reads the base revision and the changeset. Raises ValueError, naming what is missing or
    wrong."""
    base_rev, changeset = data.get("baseRev"), data.get("changeset")
    if isinstance(base_rev, float) and base_rev.is_integer():
        base_rev = int(base_rev)
    if type(base_rev) is not int or abs(base_rev) > 1 << 53:
        raise ValueError("missing or invalid baseRev")
    if not isinstance(changeset, str):
        raise ValueError("missing or invalid changeset")
    if count_ops(changeset) > MOST_OPS:
        raise ValueError(f"more than {MOST_OPS:,} operations in one changeset")
    return base_rev, changeset
