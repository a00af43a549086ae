"""One socket's stay on one pad."""

import asyncio
import secrets
from dataclasses import dataclass, field

from engineio.packet import Packet

from services.fanout.exit import Exit, ExitClosed
from services.fanout.feed import Feed
from services.fanout.flush import Cursor, steps
from services.fanout.frames import Frames
from shared.log.authors import Author
from shared.log.records import Member, Origin, Outcome


def new_session_id() -> str:
    """Unique over the fleet and for good: it names submissions in the log."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session belongs to, and what it may do. Fixed for its stay."""

    author: str
    pad_id: str  #: the real one; a read-only client must never see it
    requested_id: str  #: what the client asked for: the pad's id or its read-only id
    read_only_id: str
    read_only: bool
    embedded: bool  #: the history iframe of a page: shares its author, neither kicks nor is kicked


@dataclass(slots=True, eq=False)
class Session:
    identity: Identity
    exit: Exit
    batching: bool
    adds_author: bool = False  #: inserts without an author get this session's (see `legacy`)
    id: str = field(default_factory=new_session_id)
    order: int = 0  #: which of the pad's sessions this is
    epoch: int = 0  #: of the history it has joined
    cursor: Cursor = field(default_factory=lambda: Cursor(-1))
    catching_up: bool = False  #: a task reads what the feed does not hold any more
    pending: dict[int, "asyncio.Future[Outcome | None]"] = field(default_factory=dict)
    """Submissions under way by `seq`; the result is None where a revision came of it."""
    _seq: int = 0

    @property
    def author(self) -> str:
        return self.identity.author

    def member(self, me: Author, worker: str) -> Member:
        """The session as the other workers know it."""
        identity = self.identity
        return Member(
            self.id, me.id, worker, me.name, me.color, identity.embedded, identity.read_only
        )

    def expect(self) -> tuple[Origin, "asyncio.Future[Outcome | None]"]:
        """The origin for the next inbox entry, and the future of its outcome."""
        self._seq += 1
        answer: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self.pending[self._seq] = answer
        return Origin(self.id, self._seq), answer

    def settle(self, seq: int, outcome: Outcome | None) -> None:
        """The writer has answered; a second answer to the same submission is passed over."""
        answer = self.pending.pop(seq, None)
        if answer is not None and not answer.done():
            answer.set_result(outcome)

    def send(self, packet: Packet) -> None:
        """Outside the pad's revisions. A socket that is gone needs nothing any more."""
        try:
            self.exit.write(packet)
        except ExitClosed:
            return

    def flush(self, feed: Feed, frames: Frames) -> bool:
        """Sends what the feed has beyond the cursor; False if it does not reach back that far.

        Synchronous, so two flushes of a session cannot overlap, and the cursor follows each
        message that was taken, so it is right wherever this ends.
        """
        if self.cursor.sent_rev + 1 < feed.first:
            return False
        revisions = feed.since(self.cursor.sent_rev)
        if not revisions and not self.cursor.accepted:
            return True
        try:
            for step in steps(self.cursor, self.id, revisions, batching=self.batching):
                self.exit.write(frames.of(step))
                self.cursor.moved(step)
        except ExitClosed:
            pass  # its disconnect is on the way and takes the session off the pad
        return True
