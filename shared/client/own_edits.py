"""This module keeps the edits of a client that have not been accepted yet: those in flight to the
server, and those that wait. It is pure.

They are *drafts*, each of which becomes one revision. Etherpad's page has at most one that waits;
here several may (see `OwnEdits.seal`).
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from padfleet.shared.client.errors import ProtocolError
from padfleet.shared.client.splitting import split
from padfleet.shared.client.submission_size import SplitLimits, fits
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    apply_to_atext,
    attribs_of,
    compose,
    follow,
    is_identity,
    iter_ops,
    move_ops_to_new_pool,
    prepare_for_wire,
)


@dataclass(slots=True)
class _Draft:
    """Edits of our own that are sent as one revision."""

    changeset: str
    sealed: bool = False  #: no more edits are added to it
    session: str = ""  #: the session in which it was submitted, if the server names it


class OwnEdits:
    """One client's own edits, whose attributes have the numbers of `pool`.

    `limits` is what the server accepts in one submission, if that is known.
    """

    def __init__(self, pool: AttributePool, limits: SplitLimits | None) -> None:
        self.limits = limits
        self.resuming = False
        """Whether the connection was lost, and not everything that was missed has arrived. Nothing
        is submitted meanwhile."""
        self._pool = pool
        self._in_flight: _Draft | None = None
        self._waiting: deque[_Draft] = deque()
        self._session = ""

    @property
    def in_flight(self) -> str | None:
        """The changeset that is in flight to the server."""
        return self._in_flight.changeset if self._in_flight is not None else None

    @property
    def waiting(self) -> int:
        """How many drafts have not been submitted yet."""
        return len(self._waiting)

    def changesets(self) -> list[str]:
        """Returns all of the drafts, each of which applies to the result of the one before."""
        drafts = [self._in_flight, *self._waiting]
        return [draft.changeset for draft in drafts if draft is not None]

    def add(self, changeset: str) -> None:
        """Adds an edit of the text that all drafts lead to. Raises `EasysyncError`, and adds
        nothing then."""
        if self._waiting and not self._waiting[-1].sealed:
            last = self._waiting[-1]
            last.changeset = compose(last.changeset, changeset, self._pool)
        else:
            self._waiting.append(_Draft(changeset))

    def seal(self) -> None:
        """Has later edits go into a draft of their own."""
        draft = self._waiting[-1] if self._waiting else self._in_flight
        if draft is not None:
            draft.sealed = True

    # --- Sending ---------------------------------------------------------------------------------

    def submit(self) -> tuple[str, AttributePool] | None:
        """Returns the changeset to submit now, with the pool that goes with it, or None: only one
        at a time is in flight.

        Raises `TooLarge` if it cannot be split so that this server accepts it.
        """
        if self.resuming or self._in_flight is not None:
            return None
        while self._waiting and is_identity(self._waiting[0].changeset):
            self._waiting.popleft()  # edits that cancel each other out
        if not self._waiting:
            return None
        changeset, pool = prepare_for_wire(self._waiting[0].changeset, self._pool)
        if self.limits is not None and not fits(changeset, pool, self.limits):
            self._split_first(self.limits)
            changeset, pool = prepare_for_wire(self._waiting[0].changeset, self._pool)
        self._in_flight = self._waiting.popleft()
        self._in_flight.session = self._session
        return changeset, pool

    def _split_first(self, limits: SplitLimits) -> None:
        """Replaces the first draft, which is too large, with several."""
        whole = self._waiting[0]
        parts = [_Draft(part, sealed=True) for part in split(whole.changeset, self._pool, limits)]
        parts[-1].sealed = whole.sealed
        self._waiting.popleft()
        self._waiting.extendleft(reversed(parts))

    # --- The connection --------------------------------------------------------------------------

    def connection_lost(self) -> None:
        """Handles the loss of the connection."""
        self.resuming = True
        self._session = ""

    def in_session(self, session: str) -> None:
        """Handles the server's name for the session on this connection. It may come after something
        has been submitted in the session. What has been in flight since before the connection
        belongs to another session."""
        self._session = session
        if self._in_flight is not None and not self.resuming:
            self._in_flight.session = session

    def resumed(self) -> None:
        """Handles the end of what was missed. A draft that is still in flight was never accepted,
        and is sent again together with later edits."""
        self.resuming = False
        if self._in_flight is None:
            return
        again, self._in_flight = self._in_flight, None
        again.session = ""
        if self._waiting and not again.sealed:
            later = self._waiting[0]
            later.changeset = compose(again.changeset, later.changeset, self._pool)
        else:
            self._waiting.appendleft(again)

    # --- What the server says --------------------------------------------------------------------

    def is_in_flight(self, missed: dict[str, Any], base: AText) -> bool:
        """Returns whether a missed revision of our own author is what was in flight, and not from
        another of the author's sessions, who may have several tabs or programs.

        Arguments:
            missed: the CLIENT_RECONNECT.
            base: the text that it applies to.

        Raises `ProtocolError` if it is from our own session, and something else.
        """
        mine = self._in_flight
        if mine is None:
            return False
        origin = missed.get("origin")
        if origin and mine.session and origin != mine.session:
            return False
        surely = bool(origin) and origin == mine.session
        # The server has rebased it as we have, so the two are exactly the same. If the server does
        # not say which session it came from, two identical ones cannot be told apart.
        wire_pool = AttributePool.from_jsonable(missed["apool"])
        theirs = move_ops_to_new_pool(missed["changeset"], wire_pool, self._pool)
        if theirs == mine.changeset:
            return True
        same = _effect(theirs, base, self._pool) == _effect(mine.changeset, base, self._pool)
        if surely and not same:
            raise ProtocolError(f"revision {missed['newRev']} is ours, but not what was submitted")
        return same

    def accepted(self) -> None:
        """Handles the acceptance of what was in flight."""
        self._in_flight = None

    def carry_over(self, theirs: str) -> str:
        """Carries all drafts over somebody else's revision. Returns what that revision does to the
        text that they lead to."""
        # A draft in flight is ordered after theirs, as on the server. Waiting drafts will be
        # submitted on top of theirs, so they are placed as it suits the user better.
        if self._in_flight is not None:
            mine = self._in_flight.changeset
            self._in_flight.changeset = follow(theirs, mine, self._pool)
            theirs = follow(mine, theirs, self._pool, reverse_insert_order=True)
        for draft in self._waiting:
            mine = draft.changeset
            draft.changeset = follow(theirs, mine, self._pool, reverse_insert_order=True)
            theirs = follow(mine, theirs, self._pool)
        return theirs


def _effect(changeset: str, on: AText, pool: AttributePool) -> tuple[str, list[tuple[int, Any]]]:
    """Returns the effect of a changeset, regardless of the order in which its attributes are
    written."""
    result = apply_to_atext(changeset, on, pool)
    runs = [
        (op.chars, sorted(attribs_of(op.attribs, pool).items())) for op in iter_ops(result.attribs)
    ]
    return result.text, runs
