"""Tells of changes those sessions that are all told the same, in a crowd nearly everybody."""

from collections.abc import Callable, Iterable
from os import write

from padfleet.services.fanout import metrics
from padfleet.services.fanout.delivery.roster_cursor import RosterCursor
from padfleet.services.fanout.delivery.session import Session
from padfleet.services.fanout.delivery.session_state import SessionState
from padfleet.services.fanout.delivery.window import ASIDE_ROOM
from padfleet.services.fanout.presence.roster_log import RosterLog
from padfleet.services.fanout.transport.deflate import PLAIN, Deflated, SharedRun, undeflated
from padfleet.services.fanout.transport.packets import Frame


class _Change:
    """What sessions at one place lack, if they can be told it in one write."""

    __slots__ = ("_what", "at", "concerns", "lists", "single", "upto")

    def __init__(self, log: RosterLog, cursor: RosterCursor) -> None:
        self.at, self.lists = cursor.at, cursor.lists
        excerpt = log.next_for(cursor)
        self.upto = log.end if excerpt is None else excerpt.upto
        self.single = self.upto == log.end and not log.is_lost_to(cursor)
        self.concerns = excerpt.concerns if excerpt is not None else frozenset()
        self._what: Frame | SharedRun | None = None
        if excerpt is not None and self.single:
            self._what = excerpt.made(lists=cursor.lists, completes=False)

    @property
    def is_nothing(self) -> bool:
        """Returns whether there is nothing to tell: whoever has come has gone again, and these
        sessions never knew."""
        return self.single and self._what is None

    def data_for(self, had: int) -> Deflated:
        """Returns the bytes for WebSockets that were sent the shared message `had` last."""
        what = self._what
        assert what is not None
        if isinstance(what, SharedRun):
            return undeflated([what.plain]) if had == PLAIN else what.deflated
        return undeflated([what])


def push(  # noqa: C901
    log: RosterLog, sessions: Iterable[Session], one_by_one: Callable[[Session], None]
) -> tuple[int, int]:
    """Tells these sessions everything that they lack. Those that are told something else, are to be
    asked whether it has arrived, or have a slow socket are passed to `one_by_one`.

    This is to changes of people what `delivery.fast_path` is to revisions, and written out for the
    same reason: somebody who joins a crowd costs a write for each who is there already.

    Returns how many writes were made here, and their bytes.
    """
    current = SessionState.CURRENT
    change: _Change | None = None
    made: Deflated | None = None
    data = b""
    had = PLAIN
    writes = total = before = after = 0
    for session in sessions:
        cursor, window, way_out = session.roster, session.window, session.exit
        # A session that is not yet through with what was there when it came may know somebody from
        # an earlier stay, or waits to hear that it has been told of everybody.
        if not cursor.complete or cursor.at < cursor.came:
            one_by_one(session)
            continue
        if change is None or cursor.at != change.at or cursor.lists is not change.lists:
            change, made = _Change(log, cursor), None
        if change.is_nothing:
            log.took(cursor, change.upto)
            continue
        if not change.single or session.id in change.concerns:
            one_by_one(session)
            continue
        if made is None or way_out.had != had:
            had = way_out.had
            made = change.data_for(had)
            data = made.data
        size = len(data)
        transport = way_out.transport
        if (
            session.state is not current
            or transport is None
            or transport.get_write_buffer_size()
            or transport.is_closing()
            or window.room < ASIDE_ROOM
            or window.sent + size >= window.quiet_bytes
        ):
            one_by_one(session)
            continue
        try:
            taken = write(way_out.fd, data)
        except OSError:  # its buffers are full, or the connection is broken: not known yet
            taken = 0
        if taken != size:
            transport.write(data[taken:])
        # Only now, and without an await in between.
        log.took(cursor, change.upto)
        window.sent += size
        writes += 1
        total += size
        way_out.had = made.had_after(had)
        before += made.before
        after += made.after
    if before:
        metrics.deflated(before, after)
    return writes, total
